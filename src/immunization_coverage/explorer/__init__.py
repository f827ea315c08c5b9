"""The explorer, a page of Streamlit."""
