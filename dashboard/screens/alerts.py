"""预警: what waits for me, and what did we do with the rest?"""

import streamlit as st

from dashboard import alert_boards, bar, read, url
from dashboard.paper import draw, el
from dashboard.shield import shielded
from dashboard.words import t
from tingchao.alerts.alert import State

TABS = {
    "open": State.OPEN,
    "acknowledged": State.ACKNOWLEDGED,
    "resolved": State.RESOLVED,
    "false": State.FALSE,
}
SHOWN = 100


def show() -> None:
    """The page."""
    _list()


@st.fragment(run_every=bar.REFRESH)
@shielded("alerts")
def _list() -> None:
    now, listed = read.now(), read.alerts()
    counts = {name: sum(alert.state is state for alert in listed) for name, state in TABS.items()}
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="alerts.controls"
    ):
        tab = url.one_of(
            "tab", t("page_alerts"), tuple(TABS), lambda name: f"{t('tab_' + name)} {counts[name]}", "open"
        )
        ended = counts["resolved"] + counts["false"]
        quality = (
            t("false_share", share=f"{counts['false'] / ended:.0%}")
            if ended >= 30
            else t("false_few", n=counts["false"], all=ended)
        )
        draw("alerts.quality", [el("span", quality, cls="faint", title=t("quality_help"))])
    chosen = [alert for alert in listed if alert.state is TABS[tab]]
    ranked = (
        sorted(chosen, key=lambda alert: (-alert.grade, -alert.raised_at.timestamp()))
        if tab in ("open", "acknowledged")
        else chosen
    )
    if not ranked:
        draw("alerts.none", [el("div", el("p", t(f"none_{tab}")), cls="card empty")])
        return
    draw(
        "alerts.rows",
        [
            el(
                "div",
                el(
                    "div",
                    *(
                        el("span", t(name))
                        for name in (
                            "grade",
                            "topic_and_why",
                            "raised_at",
                            "negative_of_mentions",
                            "owner",
                            "delivery",
                        )
                    ),
                    cls="alert-row names",
                ),
                *(alert_boards.alert_row(alert, now) for alert in ranked[:SHOWN]),
                cls="card list",
            ),
            el("p", t("only_first", n=SHOWN, all=len(ranked)), cls="faint") if len(ranked) > SHOWN else None,
        ],
    )
