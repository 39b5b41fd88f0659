"""What is left out is decided rightly: this needs no server."""

import pytest

from tests.system.pages import Block, blocks_of, script_of
from tests.system.tools import GROUPS, Group, missing_tools, parse_java_version

GROUP = Group("hapi", "a group", ("mvn", "curl"), java=True)


@pytest.mark.parametrize(
    ("told", "version"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("not found", 0)],
)
def test_javas_version_is_read(told, version):
    assert parse_java_version(told) == version


def test_nothing_is_missing_where_all_is_there():
    assert missing_tools(GROUP, find=lambda name: f"/bin/{name}", java=lambda: 21) == []


def test_what_is_missing_is_named():
    found = missing_tools(GROUP, find=lambda name: None if name == "mvn" else name, java=lambda: 11)

    assert found == ["mvn", "Java 17 or newer (found 11)"]


def test_each_group_has_a_marker_of_its_own():
    assert len({group.marker for group in GROUPS}) == len(GROUPS)


def test_only_shell_blocks_of_a_page_are_commands(tmp_path):
    (tmp_path / "page.md").write_text(
        "# Page\n```sh\necho a\n```\n```text\nno\n```\n```\nno\n```\n```sh\necho b\n```\n"
    )

    assert blocks_of(tmp_path, "page.md") == [Block("page.md", 3, "echo a"), Block("page.md", 12, "echo b")]


def test_a_script_speaks_to_the_demo_that_runs():
    script = script_of([Block("page.md", 3, "curl http://127.0.0.1:8000/ready")], "http://h:1", "http://h:2")

    assert "curl http://h:1/ready" in script
