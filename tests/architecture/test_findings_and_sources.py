"""Every finding is documented, every citation exists, the changelog knows the version."""

import re
import tomllib
from pathlib import Path

import trephine

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "trephine"
REFERENCES = next(ROOT.glob("**/references.bib"))


def codes_in_source() -> set[str]:
    code = re.compile(r"""code=\s*"([A-Z][A-Z0-9_]+)\"""")
    rule = re.compile(r"""^code\s*=\s*"([A-Z][A-Z0-9_]+)\"""", re.MULTILINE)
    found = {word for path in SOURCE.glob("**/*.py") for word in code.findall(path.read_text())}
    return found | {word for path in SOURCE.glob("**/*.toml") for word in rule.findall(path.read_text())}


def codes_documented() -> set[str]:
    pages = (ROOT / "docs" / "reference" / "findings.d").glob("*.md")
    return {
        word
        for page in pages
        for word in re.findall(r"^### ([A-Z][A-Z0-9_]+)", page.read_text(), re.MULTILINE)
    }


def citations(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["source"]} if isinstance(value.get("source"), str) else set()
        return own.union(*[citations(child) for child in value.values()])
    if isinstance(value, list):
        return set().union(*[citations(child) for child in value])
    return set()


def test_every_finding_is_documented() -> None:
    assert sorted(codes_in_source() - codes_documented()) == []


def test_no_documented_finding_is_gone() -> None:
    assert sorted(codes_documented() - codes_in_source()) == []


def test_every_citation_exists() -> None:
    keys = set(re.findall(r"^@\w+\{([^,]+),", REFERENCES.read_text(), re.MULTILINE)) | {"assumed"}
    missing = {
        f"{path.name}: {key}"
        for path in SOURCE.glob("**/*.toml")
        for cited in citations(tomllib.loads(path.read_text()))
        for key in re.split(r"[;,]\s*", cited)
        if key not in keys
    }
    assert sorted(missing) == []


def test_changelog_knows_the_version() -> None:
    assert f"## [{trephine.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_lock_file_holds_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "highspy" not in lock
