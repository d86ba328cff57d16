"""The metrics and the health of real processes: those of a node count together, and a worker shows that it lives."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from portal.jobs import worker as worker_module
from portal.jobs.worker import Worker
from portal.kit import metrics_folder, outbox
from tests.helpers.house import House
from tests.helpers.nodes import Node, Place, place, until
from tests.helpers.processes import command, free_port

TOKEN = "tNq3-read-by-prometheus-0123456789-abcdef"


def ask(address: str, token: str = TOKEN) -> tuple[int, str]:
    try:
        with urlopen(Request(address, headers={"Authorization": f"Bearer {token}"}), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def counted(text: str, name: str, *labels: str) -> float:
    found = [one for family in parsed(text) for one in family.samples if one.name == name]
    return sum(one.value for one in found if set(labels) <= set(one.labels.values()))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path, PORTAL_METRICS_TOKEN=TOKEN) as found:
        found.run("upgrade")
        yield found


def logins(node: Node) -> float:
    return counted(ask(f"{node.address}/metrics")[1], "portal_request_seconds_count", "sign_in.login")


def folders(node: Node) -> list[Path]:
    """In which its processes count."""
    return list(metrics_folder.place().glob(f"{metrics_folder.PREFIX}{node.pid}-*"))


def test_the_processes_of_a_node_count_together_also_when_one_dies_and_when_all_are_replaced(here: Place) -> None:
    node = here.node(workers=2)
    for _ in range(12):
        ask(f"{node.address}/login")
    assert {logins(node) for _ in range(6)} == {12}
    (folder,) = folders(node)
    assert len(list(folder.glob("histogram_*.db"))) >= 2, "only one process has served"
    os.kill(node.children()[-1], signal.SIGKILL)
    until(node.ready, node.log)
    ask(f"{node.address}/login")
    assert logins(node) == 13
    old = set(node.children())
    node.reload()
    until(lambda: len(node.children()) == 2 and not old & set(node.children()), node.log)
    assert {logins(node) for _ in range(4)} == {13}
    node.stop()
    assert folders(node) == []


def test_what_a_killed_server_has_left_is_taken_away_by_the_next(here: Place) -> None:
    node = here.node()
    node.kill()
    assert len(folders(node)) == 1
    other = here.node()
    assert (folders(node), len(folders(other))) == ([], 1)


def test_two_servers_on_one_machine_do_not_count_each_other(here: Place) -> None:
    first, second = here.node(), here.node()
    ask(f"{first.address}/login")
    assert (logins(first), logins(second)) == (1, 0)


def test_the_log_of_a_node_is_json_and_nobody_minds_that_nobody_reads_it(here: Place) -> None:
    node = here.node()
    ask(f"{node.address}/login")
    until(lambda: "sign_in.login" in node.log())
    lines = [json.loads(line) for line in node.log().splitlines() if line.startswith("{")]
    assert [line["endpoint"] for line in lines if line["event"] == "request"] == ["sign_in.login"]


def test_a_log_whose_reader_is_gone_stops_no_page(here: Place) -> None:
    (reader, writer), port = os.pipe(), free_port()
    words = [sys.executable, "-m", "portal", "serve", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(words, cwd=here.folder, env=here.environ, stderr=writer, start_new_session=True)
    os.close(writer)
    os.close(reader)
    node = Node(process, Path(os.devnull), port)
    here.started.append(node)
    node.wait_until_ready()
    assert [ask(f"{node.address}/login")[0] for _ in range(3)] == [200, 200, 200]
    assert counted(ask(f"{node.address}/metrics")[1], "portal_log_lines_lost_total") >= 3


def test_importing_the_commands_imports_nothing_that_counts() -> None:
    """`serve` says where its processes count together, and the library looks there when it is imported."""
    program = "import sys, portal.cli; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n", "import it inside the function that needs it: see portal/cli/base.py"


def test_a_worker_tells_on_its_port_that_it_lives_and_what_it_has_counted(here: Place) -> None:
    settings = {name: value for name, value in here.environ.items() if name.startswith("PORTAL_")}
    settings["PORTAL_TIMEZONE"] = "UTC"  # in the first hour of a day of Rome there would be no night to work
    with command(here.folder, "worker", "--port", "0", **settings):
        until(lambda: "Health is told on port" in (here.folder / "log").read_text())
        port = re.search(r"on port (\d+)", (here.folder / "log").read_text())
        assert port is not None
        address = f"http://127.0.0.1:{port[1]}"
        assert ask(f"{address}/health/live", "") == (200, '{"status": "live"}')
        until(lambda: counted(ask(f"{address}/metrics")[1], "portal_events_total", "night worked") >= 6)
        assert ask(f"{address}/metrics", "another")[0] == 404
        assert ask(f"{address}/")[0] == 404


def test_a_worker_whose_port_is_taken_says_so(here: Place) -> None:
    taken = here.node()
    words = [sys.executable, "-m", "portal", "worker", "--once", "--port", str(taken.port)]
    done = subprocess.run(words, cwd=here.folder, env=here.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nothing to listen on" in done.stderr


def test_a_worker_that_is_stuck_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Worker(house.app)
    with found.answering("127.0.0.1", 0) as port:
        assert ask(f"http://127.0.0.1:{port}/health/live")[0] == 200
        monkeypatch.setattr(worker_module, "SILENCE_SECONDS", 0.0)
        assert ask(f"http://127.0.0.1:{port}/health/live") == (503, '{"status": "stuck"}')


def test_a_worker_shows_that_it_lives_between_the_slices_of_a_night(house: House) -> None:
    """A night may take an hour: whoever asks whether to stop, lives."""
    found = Worker(house.app)
    before = found._silence
    found._rounds.make_if_due()
    assert found._silence is not before


def test_a_worker_that_meets_what_nobody_expected_tells_it_and_ends(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("nobody has anna@example.com")

    monkeypatch.setattr(worker_module, "work_once", fail)
    with pytest.raises(SystemExit) as ended:
        Worker(house.app).work()
    assert ended.value.code == 1
    (line,) = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "worker broken" in line]
    assert (line["fault"], "anna" in str(line)) == ("LookupError", False)


def test_a_worker_works_until_nothing_is_due(house: House) -> None:
    with house.parts.database.write() as db:
        outbox.put(db, outbox.TASK, "of another version", {}, at=house.clock.now())
    Worker(house.app).work(once=True)
    with house.parts.database.read() as db:
        assert outbox.queues(db, at=house.clock.now())["task"].retrying == 1
