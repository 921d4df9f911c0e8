"""What the program is made of: every package by its hash, from the public index, and listed for whoever runs it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
OTHERS = [one for one in PACKAGES if one["source"] != {"editable": "."}]


def test_every_locked_package_comes_from_the_public_index_and_has_a_hash_for_every_file() -> None:
    assert len(PACKAGES) == len(OTHERS) + 1
    for package in OTHERS:
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        assert files, package["name"]
        for file in files:
            assert file["hash"].startswith("sha256:"), file


def test_the_bill_of_materials_lists_what_the_service_runs_with_and_no_tool_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "made" / "ejd.cdx.json"
    ran = subprocess.run(["sh", "run", "sbom", str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "ejd")
    listed = {one["name"]: one["purl"] for one in bill["components"]}
    locked = {one["name"]: one["version"] for one in OTHERS}
    assert listed["cryptography"] == f"pkg:pypi/cryptography@{locked['cryptography']}"
    assert {"eventsourcing", "fastapi", "psycopg", "sqlalchemy", "uvicorn"} < set(listed) <= set(locked)
    assert {"pytest", "mypy", "ruff"}.isdisjoint(listed)
