#!/usr/bin/env bash
# A failed task's future makes its flow Failed when it is returned alone or in a list, but not in a dict or tuple.
#
# Prefect 3.9.1, Python 3.11; seen on 2026-12-01.
#
# The flow's documentation says that the states of returned futures decide. A flow that returns its results by name,
# or a result beside a label, completes although the task has failed; on_completion runs, and on_failure does not.
#
# Seen:
#       on_failure
#     future: Failed
#       on_failure
#     [future]: Failed
#       on_completion
#     {'video': future}: Completed
#       on_completion
#     ('clip.mp4', future): Completed
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
from prefect import flow, task


@task
def video():
    raise ValueError("no codec")


def named(flow, flow_run, state):
    print(f"  on_{'failure' if state.is_failed() else 'completion'}")


def run(label, wrap):
    @flow(name=label, on_failure=[named], on_completion=[named])
    def render():
        return wrap(video.submit())

    print(f"{label}: {render(return_state=True).name}")


run("future", lambda future: future)
run("[future]", lambda future: [future])
run("{'video': future}", lambda future: {"video": future})
run("('clip.mp4', future)", lambda future: ("clip.mp4", future))
EOF
python try.py >seen

cat >expected <<'EOF'
  on_failure
future: Failed
  on_failure
[future]: Failed
  on_completion
{'video': future}: Completed
  on_completion
('clip.mp4', future): Completed
EOF
diff expected seen && echo "still so" || {
    echo "this has changed: < before, > now" >&2
    exit 1
}
