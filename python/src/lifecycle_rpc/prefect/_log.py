"""Words into the flow run's own log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from prefect.logging.loggers import flow_run_logger

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


def log(flow_run: FlowRun, level: int, message: str, *arguments: Any) -> None:
    """Log to where the flow's own lines go. Never raises.

    When a runner was killed, its flow's standard output is a broken pipe, and Prefect's console handler then raises
    SystemExit out of the logging call: what must be done is done before it is logged.
    """
    try:
        flow_run_logger(flow_run).log(level, f"lifecycle: {message}", *arguments)
    except (Exception, SystemExit):
        logging.getLogger(__name__).debug("A line of log was lost", exc_info=True)
