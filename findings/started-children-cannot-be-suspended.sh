#!/usr/bin/env bash
# A run that a flow started by run_deployment cannot be suspended, although its process and its deployment are its own.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# Subflows cannot be suspended, since they share the process of the flow that calls them. A run of another deployment
# has a process to itself, so one would expect that it can. Prefect takes it for a subflow, too, unless it was started
# with as_subflow=False, even when the flow that started it has ended.
#
# Seen:
#     run_deployment(as_subflow=True): Flow run cannot be suspended: Cannot suspend subflows. It is Running.
#     run_deployment(as_subflow=False): suspended. It is Suspended.
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


@flow
def render(number):
    Path(f"body-{number}").touch()
    time.sleep(600)


if __name__ == "__main__":
    render.serve(name="d")
EOF
cat >try.py <<'EOF'
from pathlib import Path

from prefect import flow, suspend_flow_run
from prefect.deployments import run_deployment

from api import deployments, state_of, wait


@flow
def start(as_subflow, number):
    return run_deployment("render/d", parameters={"number": number}, timeout=0, as_subflow=as_subflow).id


wait("the deployment", lambda: deployments() == 1)
for number, as_subflow in enumerate((True, False)):
    run_id = start(as_subflow, number)
    wait("the body", Path(f"body-{number}").exists)
    try:
        suspend_flow_run(flow_run_id=run_id, timeout=600)
        said = "suspended."
    except RuntimeError as error:
        said = str(error)
    print(f"run_deployment({as_subflow=}): {said} It is {state_of(run_id).name}.")
EOF
python served.py >served.log 2>&1 &
python try.py >seen

cat >expected <<'EOF'
run_deployment(as_subflow=True): Flow run cannot be suspended: Cannot suspend subflows. It is Running.
run_deployment(as_subflow=False): suspended. It is Suspended.
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
