"""The LeNet-5 lab: `streamlit run streamlit_app.py`.

Streamlit imports this file to find the server, and runs it as a script for each page.
"""

import streamlit as st

if __name__ == "__main__":
    from lenet.ui.frame import navigate

    navigate()
else:
    from lenet.ui import ahead

    app = st.App(__file__, lifespan=ahead.lifespan)
