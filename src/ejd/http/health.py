"""Alive, ready, and figures: for machines that watch, without a token, and without anything about people."""

from __future__ import annotations

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from ejd.http.metrics import Metrics
from ejd.http.problems import NotReady, problem_of
from ejd.http.readiness import Readiness
from ejd.http.routes import problems


class Alive(BaseModel):
    """The process answers."""

    alive: bool = True


class Ready(BaseModel):
    """The service may get requests."""

    ready: bool
    schema_version: int = Field(description="Of the tables of the event store.")
    last_position: int = Field(description="Highest position in the event store.")
    position: int = Field(description="Position up to which reports are folded.")
    lag: int = Field(description="How many positions the reports are behind.")
    generation: int = Field(description="Number of the live generation of the read model.")
    read_model_current: bool = Field(description="Whether it was built for this version of ejd.")
    feeder_leading: bool = Field(description="Whether this process feeds.")
    feeder_errors: int = Field(description="Errors of this process's feeder so far.")
    refolded_streams: int = Field(description="Of a large invalidation: how many streams are folded again so far.")
    refolding_streams: int = Field(description="Of a large invalidation: how many there are; 0 when none is going on.")


def add_health(app: FastAPI, readiness: Readiness, metrics: Metrics) -> None:
    """Add the three routes."""

    @app.get("/healthz", tags=["operation"], summary="Alive", operation_id="healthz")
    async def healthz() -> Alive:
        """Answer as soon as the process can."""
        return Alive()

    @app.get(
        "/readyz",
        tags=["operation"],
        summary="Ready",
        operation_id="readyz",
        response_model=Ready,
        responses=problems(503),
    )
    def readyz() -> Ready | Response:
        """Answer 503 while reports are being built, stand still, or the database does not answer."""
        state = readiness.look()
        figures = {name: getattr(state, name) for name in Ready.model_fields if name != "ready"}
        if state.reasons:
            return problem_of(NotReady("; ".join(state.reasons)), more={"ready": False, **figures})
        return Ready(ready=True, **figures)

    @app.get(
        "/metrics",
        tags=["operation"],
        summary="Figures for Prometheus",
        operation_id="metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text"}},
    )
    def figures() -> Response:
        """Answer the figures of this process; other processes of the school have their own."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
