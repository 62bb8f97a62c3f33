#!/usr/bin/env bash
# A flow that returns [Completed(), Failed()] is Failed, but its caller gets the list and no exception.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# `return Failed()` raises in the caller, as any failed flow does. With a list, the run is Failed all the same and
# on_failure runs, but the call looks like one that went well: the caller's `try` sees nothing, and goes on.
#
# Seen:
#       on_failure: no codec
#     one: raised FailedRun
#       on_failure: 1/2 states failed.
#     several: returned a list of 2
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

cat >try.py <<'EOF'
from prefect import flow
from prefect.states import Completed, Failed


def failed(flow, flow_run, state):
    print("  on_failure:", state.message)


@flow(on_failure=[failed])
def one():
    return Failed(message="no codec")


@flow(on_failure=[failed])
def several():
    return [Completed(message="sound"), Failed(message="no codec")]


for render in (one, several):
    try:
        value = render()
        print(f"{render.__name__}: returned a {type(value).__name__} of {len(value)}")
    except Exception as error:
        print(f"{render.__name__}: raised {type(error).__name__}")
EOF
python try.py >seen

cat >expected <<'EOF'
  on_failure: no codec
one: raised FailedRun
  on_failure: 1/2 states failed.
several: returned a list of 2
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
