"""The script that Streamlit runs: the frame around every page. Started by `dashboard.run`."""

import streamlit as st

from dashboard import acting, places, read
from dashboard.bar import bar
from dashboard.paper import frame
from dashboard.shield import log_to, shield
from dashboard.words import t


def main() -> None:
    """Draw the frame, then the page that the address asks for."""
    st.set_page_config(page_title=t("brand"), page_icon="🌊", layout="wide")
    log_to(read.settings().home / "logs" / "dashboard.log")
    if "language" not in st.session_state:
        st.session_state["language"] = read.settings().language
    page = st.navigation(places.pages(), position="top")
    frame()
    bar()
    acting.keep_cookie()
    acting.ask_if_pending()
    with shield(page.url_path or "live"):
        page.run()


main()
