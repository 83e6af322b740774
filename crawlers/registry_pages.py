"""The pages in docs/sources/, written from the registry: one a source, and the list of all."""

from pathlib import Path

from crawlers.registry import RECORDED, Entry, Openness, Spider, entries

FOLDER = Path(__file__).parents[1] / "docs" / "sources"
INDEX = "README.md"
_NOTE = "<!-- Written by `python -m crawlers.registry` from crawlers/registry.yaml: edit that. -->\n\n"
_OPENNESS = {
    Openness.OPEN: "open to anybody, without a key",
    Openness.KEY: "an official API; you bring a key of your own",
    Openness.CLOSED: "closed: imports, and live only under a permission that you write down",
}
_LEVELS = {0: "none", 1: "one level", 2: "two levels"}


def pages() -> dict[str, str]:
    """The text of every file in docs/sources/, by its name."""
    return {INDEX: _index(), **{f"{entry.id}.md": page(entry) for entry in entries()}}


def write(folder: Path = FOLDER) -> list[Path]:
    """Write them all; returns their paths. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(folder / name for name in pages())


def page(entry: Entry) -> str:
    """What is read of a source, what permission that needs, its caps, and an example."""
    facts = [
        ("Openness", _OPENNESS[entry.openness]),
        ("Hosts", ", ".join(f"`{host}`" for host in entry.hosts) or "any"),
        ("Permission", entry.permission),
        (f"robots.txt and terms (as recorded by others in {RECORDED}; fetch before relying)", entry.stance),
        ("Caps", entry.caps),
        ("Retention", entry.retention or "no rule of its own"),
        ("Comments", _LEVELS[entry.comments]),
        ("Parsers", ", ".join(f"`{name}`" for name in entry.parsers)),
        ("Import", entry.importing),
    ]
    lines = [
        f"# {_title(entry)}",
        "",
        f"{entry.reads.en}.",
        "",
        f"{entry.reads.zh}。",
        "",
        "| | |",
        "| --- | --- |",
    ]
    lines += [f"| {name} | {text} |" for name, text in facts]
    for name, spider in entry.spiders.items():
        lines += ["", *_spider(name, spider)]
    lines += ["", *_example(entry)]
    return _NOTE + "\n".join(lines) + "\n"


def _title(entry: Entry) -> str:
    return entry.name.en if entry.name.zh == entry.name.en else f"{entry.name.en} · {entry.name.zh}"


def _spider(name: str, spider: Spider) -> list[str]:
    needs = ", ".join(" or ".join(f"`{field}`" for field in need.split("|")) for need in spider.needs)
    lines = [f"## Spider `{name}`", "", f"Needs {needs or 'nothing more'}. It asks first:", ""]
    for ask in spider.asks:
        each = f", for each of `{ask.each}`" if ask.each else ""
        lines.append(f"- `{ask.url}`{each}, read by `{ask.parser}`")
    if spider.base:
        lines += ["", f"`{{base}}` is {spider.base} unless the source sets its own `base`."]
    if spider.lists:
        lines += ["", f"`lists` are {', '.join(spider.lists)} unless the source sets its own."]
    if spider.auth:
        auth = spider.auth
        shown = f"{auth.scheme} ····".strip()
        lines += [
            "",
            f"`key` names where {auth.holds} lies: the environment variable of that name, or the file of that name in "
            f"the folder `keys` of the home folder. It is sent as `{auth.header}: {shown}`"
            + (f", got from {auth.token_url}" if auth.token_url else "")
            + ", never in an address.",
        ]
    for quota in spider.quotas:
        lines += [
            "",
            f"Quota `{quota.name}`: {quota.a_day:,} requests a day ({quota.zone}) to `{quota.path}`.",
        ]
    return lines


def _example(entry: Entry) -> list[str]:
    if entry.example.startswith("{"):
        return ["## Example", "", "```yaml", "sources:", f"  - {entry.example}", "```"]
    return ["## Example", "", "```", entry.example, "```"]


def _index() -> str:
    lines = [
        "# The sources",
        "",
        "How they are asked, and by which rules: [sources.md](../sources.md). "
        "How to add one: [adding-a-source.md](../adding-a-source.md).",
        "",
        "| source | openness | spider | comments | parsers |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in entries():
        spiders = ", ".join(f"`{name}`" for name in entry.spiders) or "import only"
        parsers = ", ".join(f"`{name}`" for name in entry.parsers)
        lines.append(
            f"| [{_title(entry)}]({entry.id}.md) | {entry.openness} | {spiders} | {entry.comments} | {parsers} |"
        )
    return _NOTE + "\n".join(lines) + "\n"
