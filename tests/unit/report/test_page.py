"""The page stands alone, hides nothing and is the same each time."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from trephine.core.progress import silent
from trephine.report.contents import Contents
from trephine.report.draw import figures, plan_picture
from trephine.report.page import page
from trephine.report.raster import png_of
from trephine.report.verdict import verdict_of
from trephine.report.words import DISCLAIMER


class Reader(HTMLParser):
    """Collects what the tests ask about."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.fixture(scope="module")
def html(contents: Contents) -> str:
    return page(contents, figures(contents, silent))


def test_page(html: str, contents: Contents) -> None:
    reader = read(html)
    _check_it_stands_alone(reader, html)
    _check_pictures_are_told(reader)
    _check_headings(reader)
    _check_nothing_is_left_out(reader, contents)


def _check_it_stands_alone(reader: Reader, html: str) -> None:
    for tag, attributes in reader.tags:
        assert tag not in {"script", "link", "iframe", "object", "img", "base"}
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "action"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:image/webp;base64,"))
    assert "http:" not in html.replace("http://www.w3.org", "")
    assert "url(" not in html
    assert "@import" not in html
    policy = next(a["content"] for t, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert len(html) < 8e6


def _check_pictures_are_told(reader: Reader) -> None:
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))
    pictures = [a for t, a in reader.tags if t == "svg"]
    assert len(pictures) >= 15
    assert all(a["role"] == "img" and a["aria-labelledby"] in ids for a in pictures)
    links = [a["href"] for t, a in reader.tags if t == "a"]
    assert links
    assert all(link.removeprefix("#") in ids for link in links)
    assert reader.text.count("Look for") >= 9  # each figure's caption says what to see


def _check_headings(reader: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert ("html", {"lang": "en"}) in reader.tags


def _check_nothing_is_left_out(reader: Reader, contents: Contents) -> None:
    assert reader.text.count(DISCLAIMER) >= 2
    assert "Provisional plan complete \u2013 1 block, 1 thing unknown, 1 warning" in reader.text
    for summary in contents.summaries.values():
        for finding in summary.findings:
            assert finding.code in reader.text
            assert finding.message in reader.text
    for words in ("\u25a0 Block", "? Unknown", "\u25b2 Warning", "\u25cb Note"):
        assert words in reader.text
    assert "40 \u00b5m" in reader.text
    assert "120 \u00b5m" in reader.text
    assert "kozai2010" in reader.text
    assert "void: something it covers has changed" in reader.text
    assert "b" * 64 in reader.text
    assert "imaging.seed = 3" in reader.text
    assert reader.text.lower().count("simulated") >= 8
    assert "\u221228.0, \u221210.0, 60.0" in reader.text  # the target in MNI: x moved by 2 mm


def test_same_contents_give_the_same_bytes(contents: Contents) -> None:
    first, second = (figures(contents, silent) for _ in range(2))
    assert page(contents, first) == page(contents, second)
    pictures = [plan_picture(contents, drawn) for drawn in (first, second)]
    assert png_of(pictures[0], scale=0.5) == png_of(pictures[1], scale=0.5)


def test_unfinished_case_says_what_is_missing(contents: Contents) -> None:
    early = {stage: contents.summaries[stage] for stage in ("imaging", "mapping")}
    part = replace(
        contents,
        summaries=early,
        screening=None,
        opening=None,
        plan=None,
        obstacles=None,
        log=None,
        seat=None,
        approvals=(),
    )
    drawn = figures(part, silent)
    text = read(page(part, drawn)).text
    assert "Plan not complete" in text
    assert "Not done yet: screening, opening, placement, insertion, closure." in text
    assert "the stage placement has not finished" in text
    assert "head" not in drawn
    assert plan_picture(part, drawn) is None


def test_empty_case_has_a_page(contents: Contents) -> None:
    nothing = Contents(subject="sub-02", summaries={})
    text = read(page(nothing, figures(nothing, silent))).text
    assert "Plan not complete \u2013 no blocks, nothing unknown" in text


def test_outdated_plan_is_not_complete(contents: Contents) -> None:
    verdict = verdict_of(replace(contents, outdated=("placement",)))
    assert verdict.headline.startswith("Plan not complete")
    assert any("changed since: placement" in sentence for sentence in verdict.sentences)


def test_text_of_others_is_escaped(contents: Contents, html: str) -> None:
    assert "There is no CT <of" not in html
    assert "There is no CT &lt;of" in html


def test_a_plan_without_live_view_is_called_provisional(contents: Contents) -> None:
    blind = contents.plan.model_copy(update={"vessels_from": "nothing"})
    verdict = verdict_of(replace(contents, plan=blind))
    assert verdict.headline.startswith("Provisional plan complete")
    assert any("Thread sites are provisional" in sentence for sentence in verdict.sentences)
    seen = contents.plan.model_copy(update={"vessels_from": "live view"})
    assert verdict_of(replace(contents, plan=seen)).headline.startswith("Plan complete")
