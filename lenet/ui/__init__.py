"""What the pages share; the only part of lenet that knows Streamlit and Plotly."""
