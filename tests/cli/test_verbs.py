"""What each verb does, and what it says when it cannot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ejd.access.secrets import parse_token
from ejd.app import opened
from ejd.cli.beginning import DEMO_IS_WHOLE
from ejd.kernel.states.access import AccountState
from ejd.settings import Settings
from ejd.signing.service import Visitor
from tests.cli.commanding import Ejd
from tests.imports.test_asc import WHOLE
from tests.schools import CHEAP

HEAD = ("--head-family", "Громова", "--head-given", "Галина", "--head-middle", "Ивановна")
FET = """<?xml version="1.0" encoding="UTF-8"?><fet version="6"><Institution_Name>A</Institution_Name>"""


def figures(ejd: Ejd) -> dict[str, object]:
    ran = ejd("status", "--json")
    assert ran.code == 0, ran
    found: dict[str, object] = json.loads(ran.out)
    return found


def test_init_makes_a_school_once(ejd: Ejd, tmp_path: Path) -> None:
    first = ejd("init", "--name", "Школа № 7", "--timezone", "Europe/Samara")
    assert first.code == 0, first
    assert "Школа № 7: opened" in first.out
    key = (tmp_path / "school" / "master.key").read_text()
    assert key.strip() not in first.out + first.err
    events = figures(ejd)["events"]
    again = ejd("init")
    assert again.code == 0, again
    assert "was open already" in again.out
    assert figures(ejd)["events"] == events
    assert (tmp_path / "school" / "master.key").read_text() == key
    sentence = ejd.fails("init", "--name", "Школа № 8")
    assert "Школа № 7" in sentence


def test_init_without_names_makes_what_a_service_needs(ejd: Ejd) -> None:
    """This is what compose.yaml runs before everything else, at each start."""
    assert ejd("init").code == 0
    found = figures(ejd)
    assert (found["school"], found["simulated"], found["generation"]) == ("Школа", False, None)
    assert ejd("init", *HEAD).code == 0
    assert ejd("token", "head").code == 0


def test_a_head_has_a_whole_name(bare: Ejd) -> None:
    assert "--head-given" in bare.fails("init", "--head-family", "Громова")


def test_a_token_is_printed_once_and_only_its_digest_is_kept(ejd: Ejd) -> None:
    ejd("init", *HEAD)
    ran = ejd("token", "HEAD", "--days", "5", "--client", "phone")
    assert ran.code == 0, ran
    parsed = parse_token(ran.out.strip())
    assert parsed is not None
    with opened(Settings()) as school:
        who = school.authentication.by_token(ran.out.strip())
        assert who.roles == {"head"}
        account = school.states.fresh(AccountState, who.actor.account)
        assert account.tokens[parsed[0]].client == "phone"
        stored = b"".join(event.state for event in school.store.read_page(0, 1_000))
    assert parsed[1].encode() not in stored
    assert "nobody" in ejd.fails("token", "nobody")


def test_a_token_is_for_what_is_said(ejd: Ejd) -> None:
    ejd("init", *HEAD)
    ran = ejd("token", "head", "--scope", "read", "--scope", "write")
    with opened(Settings()) as school:
        assert school.authentication.by_token(ran.out.strip()).scopes == ("read", "write")
    assert ejd("token", "head", "--scope", "everything").code != 0


def test_a_code_is_printed_once_and_sets_the_heads_first_password(ejd: Ejd) -> None:
    ejd("init", *HEAD)
    ran = ejd("code", "HEAD")
    assert ran.code == 0, ran
    with opened(Settings(), hash_cost=CHEAP) as school:
        visitor = Visitor("127.0.0.1")
        begun = school.signing.use_code("head", ran.out.strip(), "лиловый жираф читает газету", visitor)
        assert school.authentication.by_session(begun.secret).roles == {"head"}
    assert "nobody" in ejd.fails("code", "nobody")


def test_rebuild_and_status_say_where_reports_are(ejd: Ejd) -> None:
    ejd("init", *HEAD)
    assert figures(ejd)["reports_current"] is False
    ran = ejd("rebuild", "--processes", "1")
    assert ran.code == 0, ran
    assert re.search(r"generation \d+ is live at position \d+", ran.out)
    assert "rebuilding: " in ran.out, "not on a terminal: plain lines"
    found = figures(ejd)
    assert (found["lag"], found["reports_current"]) == (0, True)
    assert found["position"] == found["reports_position"]
    assert isinstance(found["schema"], int)
    assert "school: Школа" in ejd("status").out


def test_openapi_needs_no_school(bare: Ejd, tmp_path: Path) -> None:
    document = json.loads(bare("openapi").out)
    assert "/api/v1/commands/record-mark" in document["paths"]
    assert bare("openapi", "--out", "api.json").code == 0
    assert json.loads((tmp_path / "api.json").read_text(encoding="utf-8")) == document
    assert not (tmp_path / "school").exists()


@pytest.mark.parametrize("verb", [("status",), ("serve",), ("rebuild",), ("token", "head"), ("feed",)])
def test_where_there_is_no_school_the_way_to_one_is_told(bare: Ejd, verb: tuple[str, ...]) -> None:
    assert "ejd init" in bare.fails(*verb)


def test_a_database_that_does_not_answer_is_one_sentence(bare: Ejd) -> None:
    bare.env(
        database_url="postgresql://nobody:secret@127.0.0.1:1/ejd", owner_database_url="postgresql://x@127.0.0.1:1/y"
    )
    for verb in (("init",), ("status",), ("serve",)):
        assert "secret" not in bare.fails(*verb)


def test_a_wrong_setting_is_one_sentence(bare: Ejd) -> None:
    bare.env(port="many")
    assert "EJD_PORT" in bare.fails("serve", code=2)


def test_a_wrong_value_is_one_sentence(bare: Ejd) -> None:
    assert "timezone" in bare.fails("init", "--timezone", "Mars/Base", code=2)


@pytest.mark.parametrize("words", [("dance",), ("serve", "--port", "0"), ("token",), ("import", "fet", "x.fet")])
def test_wrong_usage_is_exit_code_2(bare: Ejd, words: tuple[str, ...]) -> None:
    ran = bare(*words)
    assert ran.code == 2
    assert "Usage" in ran.err


def test_help_teaches(bare: Ejd) -> None:
    for words in (
        ("--help",),
        ("import", "--help"),
        *((verb, "--help") for verb in ("init", "serve", "demo", "token")),
    ):
        ran = bare(*words)
        assert ran.code == 0
        assert "Usage" in ran.out
    verbs = bare("--help").out
    for verb in ("init", "serve", "feed", "demo", "import", "token", "rebuild", "status", "openapi", "benchmark"):
        assert verb in verbs


def test_an_import_that_cannot_be_is_one_sentence(bare: Ejd, tmp_path: Path) -> None:
    assert bare("init").code == 0
    broken = tmp_path / "broken.fet"
    broken.write_text(FET, encoding="utf-8")
    bare.fails("import", "fet", str(broken), "--year", "2026/27")
    assert "missing.fet" in bare.fails("import", "fet", "missing.fet", "--year", "2026/27")
    whole = tmp_path / "asc.xml"
    whole.write_bytes(WHOLE)
    for year in ("next", "0000/01", "9999/00"):
        assert "2026/27" in bare.fails("import", "asc", str(whole), "--year", year)


def test_a_lost_master_key_is_not_replaced_by_a_new_one(bare: Ejd) -> None:
    assert bare("init", "--name", "Школа № 7").code == 0
    Settings().master_key_path.unlink()
    assert "restore it" in bare.fails("init")
    assert not Settings().master_key_path.exists()


def test_a_demo_replaces_no_real_school(bare: Ejd) -> None:
    assert bare("init", "--name", "Школа № 7").code == 0
    assert "real school" in bare.fails("demo", "--fresh", "--small")
    assert "Школа № 7" in bare.fails("demo", "--small")


def test_a_small_demo_is_made_and_made_anew(bare: Ejd) -> None:
    ran = bare("demo", "--small")
    assert ran.code == 0, ran
    assert "ejd_" in ran.out, "sample tokens"
    assert "curl" in ran.out
    found = figures(bare)
    assert (found["simulated"], found["lag"], found["reports_current"]) == (True, 0, True)
    assert "--fresh" in bare.fails("demo", "--small")
    for view in Settings().data_dir.glob("read-*.db*"):
        view.unlink()
    assert figures(bare)["reports_current"] is False, "the files of the reports may be deleted at any time"
    assert bare("rebuild").code == 0
    assert figures(bare)["reports_current"] is True
    (Settings().data_dir / DEMO_IS_WHOLE).unlink()
    assert "interrupted" in bare.fails("demo", "--small", "--serve")
    assert bare("demo", "--small", "--fresh").code == 0
