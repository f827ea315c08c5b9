"""The explorer, a Streamlit page."""
