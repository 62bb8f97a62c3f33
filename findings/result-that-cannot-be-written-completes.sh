#!/usr/bin/env bash
# A flow whose result is to be persisted, and cannot be, is Completed; who reads the result later gets an exception.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# With persist_result=True a later process is to read what the flow returned. One would expect a flow whose result
# cannot be written (here it cannot be pickled) to be Failed, as nobody will ever get it. There is one line of warning
# in the log, and on_completion runs.
#
# Seen:
#     the caller gets: a lock
#     the run is: Completed
#     hooks: Completed
#     its result, read later: ValueError: Path … does not exist.
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
port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PREFECT_API_URL=http://127.0.0.1:$port/api
prefect server start --host 127.0.0.1 --port "$port" >server.log 2>&1 &
until python -c "import urllib.request as u; u.urlopen('$PREFECT_API_URL/health')" 2>/dev/null; do
    kill -0 $! && sleep 1
done

cat >try.py <<'EOF'
import re
import threading

from prefect import flow
from prefect.client.orchestration import get_client

hooks = []


def hook(flow, flow_run, state):
    hooks.append((flow_run.id, state.name))


@flow(persist_result=True, on_completion=[hook], on_failure=[hook])
def render():
    return threading.Lock()


made = render()
print("the caller gets:", "a lock" if hasattr(made, "acquire") else made)
run_id = hooks[0][0]
with get_client(sync_client=True) as client:
    state = client.read_flow_run(run_id).state
print("the run is:", state.name)
print("hooks:", *(name for _, name in hooks))
try:
    later = repr(state.result())
except Exception as error:
    later = f"{type(error).__name__}: {error}"
print("its result, read later:", re.sub(r"/\S+", "…", later))
EOF
python try.py >seen

cat >expected <<'EOF'
the caller gets: a lock
the run is: Completed
hooks: Completed
its result, read later: ValueError: Path … does not exist.
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
