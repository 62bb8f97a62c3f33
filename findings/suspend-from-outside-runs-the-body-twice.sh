#!/usr/bin/env bash
# A run that is suspended from outside while its body has no task call left does all its work, and on resume again.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# Suspending ends a run at its next task. Without one, the body runs to its end. One would expect the run to be
# Completed then, or the work to be stopped. It stays Suspended, no hook runs, and the process exits with its work
# done: resume does all of it once more, as if it had never run.
#
# Seen:
#     after the body: Suspended - bodies: 1
#     after resume: Completed - bodies: 2
#     hooks: Running Running Completed
#
# Exits 0 while this is so, 1 when it has changed, 2 when it could not be tried.
set -euo pipefail
work=$(mktemp -d)
set -m # each background job in a process group of its own
trap 'exec 2>/dev/null; for job in $(jobs -p); do kill -9 -- "-$job" || true; done; wait; rm -rf "$work"' EXIT
cd "$work"
trap 'echo "could not be tried: line $LINENO" >&2; cat seen 2>/dev/null; exit 2' ERR
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
# It asks for a certifi that not every mirror has yet.
echo 'certifi>=2026.10.18' >overrides.txt
venv/bin/uv pip install --quiet --python venv --override overrides.txt \
    prefect==3.9.1 fastapi==0.150.0 starlette==1.10.0 pydantic==2.14.3 sqlalchemy==2.1.9 pydocket==0.27.0
for name in $(compgen -e PREFECT || true); do unset "$name"; done
export PATH=$work/venv/bin:$PATH PREFECT_HOME=$work/prefect PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
export PREFECT_LOGGING_LEVEL=CRITICAL
export PREFECT_RUNNER_POLL_FREQUENCY=1
port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PREFECT_API_URL=http://127.0.0.1:$port/api
prefect server start --host 127.0.0.1 --port "$port" >server.log 2>&1 &
until python -c "import urllib.request as u; u.urlopen('$PREFECT_API_URL/health')" 2>/dev/null; do
    kill -0 $! && sleep 1
done

cat >api.py <<'EOF'
import time
from pathlib import Path

from prefect.client.orchestration import get_client


def wait(what, condition):
    end = time.monotonic() + 180
    while not (got := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain: {what}")
        time.sleep(0.2)
    return got


def deployments():
    with get_client(sync_client=True) as client:
        return len(client.read_deployments())


def state_of(run_id):
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id).state


def lines(file):
    return Path(file).read_text().splitlines() if Path(file).exists() else []
EOF

cat >served.py <<'EOF'
import time
from pathlib import Path

from prefect import flow


def hook(flow, flow_run, state):
    with Path("hooks").open("a") as file:
        print(state.name, file=file)


@flow(on_running=[hook], on_completion=[hook], on_failure=[hook], on_crashed=[hook], on_cancellation=[hook])
def render():
    with Path("body").open("a") as file:
        print("begins", file=file, flush=True)
        while not Path("go").exists():
            time.sleep(0.1)
        print("ends", file=file)


if __name__ == "__main__":
    render.serve(name="d")
EOF
cat >try.py <<'EOF'
import time
from pathlib import Path

from prefect import resume_flow_run
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.states import Suspended

from api import deployments, lines, state_of, wait

wait("the deployment", lambda: deployments() == 1)
run = run_deployment("render/d", timeout=0)
wait("the body", lambda: lines("body"))
with get_client(sync_client=True) as client:
    client.set_flow_run_state(run.id, Suspended(timeout_seconds=600))
# Its process is to hear of it; a body that ends before is Completed.
time.sleep(30)
Path("go").touch()
wait("its end", lambda: lines("body")[-1] == "ends")
time.sleep(15)
print("after the body:", state_of(run.id).name, "- bodies:", lines("body").count("ends"))
resume_flow_run(run.id)
wait("the end of the resumed run", lambda: state_of(run.id).is_final())
print("after resume:", state_of(run.id).name, "- bodies:", lines("body").count("ends"))
print("hooks:", *lines("hooks"))
EOF
python served.py >served.log 2>&1 &
python try.py >seen

cat >expected <<'EOF'
after the body: Suspended - bodies: 1
after resume: Completed - bodies: 2
hooks: Running Running Completed
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
