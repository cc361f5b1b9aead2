"""The LeNet-5 lab: `streamlit run streamlit_app.py`."""

from lenet.ui.frame import navigate

navigate()
