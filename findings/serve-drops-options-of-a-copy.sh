#!/usr/bin/env bash
# serve() of a flow that with_options() made runs the original, without its hooks, where it is served as a deployment.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# `copy = original.with_options(on_completion=[hook])`, then `serve(copy.to_deployment(...))`. One would expect the
# copy to run. The process of the run imports the flow anew by the name of its function, which is the original: hooks,
# retries and timeout of the copy are gone, without a word. `copy.serve()` is not affected.
#
# Seen:
#     serve(copy.to_deployment()): Completed, hook: False
#     copy.serve(): Completed, hook: True
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
import sys
from pathlib import Path

from prefect import flow, serve


def hook(flow, flow_run, state):
    Path("hook").touch()


@flow
def original():
    Path("body").touch()


copy = original.with_options(on_completion=[hook])

if __name__ == "__main__":
    if sys.argv[1] == "serve(copy.to_deployment())":
        serve(copy.to_deployment("d"))
    else:
        copy.serve("d")
EOF
cat >try.py <<'EOF'
import sys
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment

from api import deployments, state_of, wait


wait("the deployment", lambda: deployments() == 1)
run = run_deployment("original/d", timeout=0)
wait("its end", lambda: state_of(run.id).is_final())
print(f"{sys.argv[1]}: {state_of(run.id).name}, hook: {Path('hook').exists()}")
Path("hook").unlink(missing_ok=True)
EOF
for how in "serve(copy.to_deployment())" "copy.serve()"; do
    python served.py "$how" >served.log 2>&1 &
    runner=$!
    python try.py "$how" >>seen
    kill -9 -- "-$runner"
done

cat >expected <<'EOF'
serve(copy.to_deployment()): Completed, hook: False
copy.serve(): Completed, hook: True
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
