#!/usr/bin/env bash
# A run that is retried and then cancelled takes with it the children that its first try started and left alone.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# `run_deployment(timeout=0)` starts a child and does not wait for it. The parent fails, and the child goes on, as it
# should. When somebody retries the parent in the UI and cancels the retry, the server cancels the child of the first
# try, although that try's end left it alone, and the cancelled try had not even begun.
#
# Seen:
#     the parent: Failed - its child: Running
#     the parent: Cancelled - its child: Cancelled
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
export PREFECT_RUNNER_POLL_FREQUENCY=1 PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS=2
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

from prefect import flow, serve
from prefect.deployments import run_deployment


@flow
def child():
    Path("child").touch()
    time.sleep(600)


@flow
def parent():
    run_deployment("child/d", timeout=0)
    raise ValueError("no GPU")


if __name__ == "__main__":
    serve(parent.to_deployment("d"), child.to_deployment("d"))
EOF
cat >try.py <<'EOF'
from datetime import datetime, timedelta, timezone
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.states import Cancelling, Scheduled

from api import deployments, state_of, wait

wait("the deployments", lambda: deployments() == 2)
parent = run_deployment("parent/d", timeout=0)
wait("the parent's end", lambda: state_of(parent.id).is_final())
wait("the child", lambda: Path("child").exists())
with get_client(sync_client=True) as client:
    (child,) = [run for run in client.read_flow_runs() if run.parent_task_run_id is not None]
    print("the parent:", state_of(parent.id).name, "- its child:", state_of(child.id).name)
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    client.set_flow_run_state(parent.id, Scheduled(name="AwaitingRetry", scheduled_time=later), force=True)
    client.set_flow_run_state(parent.id, Cancelling())
wait("the retry's end", lambda: state_of(parent.id).is_final())
state = wait("the child's end", lambda: (found := state_of(child.id)).is_final() and found)
print("the parent:", state_of(parent.id).name, "- its child:", state.name)
EOF
python served.py >served.log 2>&1 &
python try.py >seen

cat >expected <<'EOF'
the parent: Failed - its child: Running
the parent: Cancelled - its child: Cancelled
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
