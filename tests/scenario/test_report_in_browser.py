"""The report in a real browser: quiet console, nothing too wide, and paper."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)
PROBE = """<!doctype html><iframe id="page" src="{page}" width="{width}" height="900"></iframe>
<script>
addEventListener("load", () => {{
  const root = document.getElementById("page").contentDocument.documentElement;
  const wide = [...root.querySelectorAll("body *")].filter(
    e => !e.closest(".scroll, .panels.wide, svg") && e.getBoundingClientRect().right > {width} + 1);
  document.title = JSON.stringify({{scroll: root.scrollWidth, wide: wide.map(e => e.tagName)}});
}});
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    pytest.skip("no chromium here")


@pytest.fixture(scope="module")
def report(small_case: Path, tmp_path_factory: pytest.TempPathFactory, run_trephine) -> Path:
    study = tmp_path_factory.mktemp("browser") / "study"
    shutil.copytree(small_case, study)
    run_trephine("report", study, "sub-01")
    return study / "derivatives" / "trephine" / "sub-01.html"


def ask(browser: str, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [browser, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def test_console_stays_quiet(browser: str, report: Path, tmp_path: Path) -> None:
    done = ask(browser, tmp_path, "--dump-dom", report.as_uri())
    assert "CONSOLE" not in done.stderr
    assert "Content Security Policy" not in done.stderr
    assert "<h1>Plan" in done.stdout


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_screen(browser: str, report: Path, tmp_path: Path, width: int) -> None:
    shutil.copy(report, tmp_path / "page.html")
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE.format(page="page.html", width=width))
    words = ("--allow-file-access-from-files", "--window-size=1400,1000", "--dump-dom", probe.as_uri())
    done = ask(browser, tmp_path, *words)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, "the page could not be measured"
    found = json.loads(title.group(1))
    assert found["wide"] == []
    assert found["scroll"] <= width


def test_paper_shows_everything(browser: str, report: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "report.pdf"
    ask(browser, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={sheet}", report.as_uri())
    data = sheet.read_bytes()
    assert data.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page[^s]", data))
    assert 5 <= pages <= 60  # a picture for every registration and rule; more would mean broken page breaks
    if shutil.which("pdftotext") is None:
        pytest.skip("printed; pdftotext is not here to read it back")
    text = subprocess.run(["pdftotext", str(sheet), "-"], capture_output=True, text=True, check=True).stdout
    assert text.count("not a medical device") >= pages  # on every sheet
    assert "Entry, scanner mm" in text  # the folded table of threads is open on paper
