"""The LeNet-5 lab: `streamlit run streamlit_app.py`.

Streamlit imports this file to find the server, and runs it as a script for each page.
"""

import streamlit as st

if __name__ == "__main__":
    from lenet.ui.app import navigate

    navigate()
else:
    from lenet.ui import preload

    app = st.App(__file__, lifespan=preload.lifespan)
