#!/usr/bin/env bash
# A TimeoutError of the body's own, such as a socket's, ends the run as TimedOut, without any timeout_seconds.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# The state TimedOut reads as if the flow's `timeout_seconds` were over. Whoever sorts failures by the state's name
# takes a slow upstream for a flow that ran too long, and the message begins "Flow run failed due to timeout", too.
#
# Seen:
#     fetch: TimedOut: Flow run failed due to timeout: TimeoutError('the upstream did not answer')
#     fetch_in_ten_minutes: TimedOut: Flow run failed due to timeout: TimeoutError('the upstream did not answer')
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


@flow
def fetch():
    raise TimeoutError("the upstream did not answer")


@flow(timeout_seconds=600)
def fetch_in_ten_minutes():
    raise TimeoutError("the upstream did not answer")


for render in (fetch, fetch_in_ten_minutes):
    state = render(return_state=True)
    print(f"{render.__name__}: {state.name}: {state.message}")
EOF
python try.py >seen

cat >expected <<'EOF'
fetch: TimedOut: Flow run failed due to timeout: TimeoutError('the upstream did not answer')
fetch_in_ten_minutes: TimedOut: Flow run failed due to timeout: TimeoutError('the upstream did not answer')
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
