"""The routes of all questions; who may ask which is in `ejd.access.reading.READERS` under the same name."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Query, Request, Response

from ejd.handling.authentication import Authenticated
from ejd.http import (
    calendar,
    consent_files,
    consents,
    control_schedule,
    curricula,
    directory_files,
    gradebook_files,
    grading,
    list_files,
    lists,
    members,
    production,
    programme,
    report_files,
    reports,
    scale_files,
    set_up,
    set_up_files,
    setup,
    substitution_proposals,
    substitutions,
    timetable,
    timetable_files,
)
from ejd.http.asking import Answered, Asking, Desk, Download, ReportParameters
from ejd.http.audit_routes import add_audit
from ejd.http.changes import add_changes
from ejd.http.commands import SimulatedTime, moment_of
from ejd.http.contract import SchoolService
from ejd.http.downloads import TYPES, DownloadParameters, DownloadRoute, FileReportParameters, with_format
from ejd.http.events import add_events
from ejd.http.exports import add_exports
from ejd.http.looks import add_looks
from ejd.http.routes import ApiRoute, add_question, problems, who
from ejd.http.set_up_history import add_readiness_history
from ejd.http.timetable_preview import add_timetable_preview
from ejd_projections.control_schedule import ControlSchedule
from ejd_projections.curriculum_compared import CurriculumCompared
from ejd_projections.fill_completeness import FillCompleteness
from ejd_projections.lost_lessons import LostLessons
from ejd_projections.missed_topics import MissedTopics
from ejd_projections.programme import Programme
from ejd_projections.progress import Progress
from ejd_projections.substitution_proposals import Proposals
from ejd_projections.substitutions import Substitutions
from ejd_projections.teaching_hours import TeachingHours
from ejd_projections.thematic_plan import ThematicPlan
from ejd_projections.timetable_grid import TimetableGrid

STATUSES = (400, 401, 403, 404, 406, 422, 503)
HEADERS = {
    "ETag": {"description": "Changes when the report does.", "schema": {"type": "string"}},
    "Ejd-Position": {"description": "The position that it is true for.", "schema": {"type": "string"}},
}

IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag you have: 304 when it is still so.")
]


@dataclass(frozen=True)
class Question:
    """One question: its name is its rule's name too."""

    name: str
    path: str
    parameters: type[ReportParameters]
    report: Any
    ask: Callable[[Asking, Any], Any]
    tag: str = "reports"
    file: Callable[[Asking, Any], Download] | None = None
    """The same answer as CSV or XLSX; its parameters are DownloadParameters then."""

    @property
    def files(self) -> bool:
        """Whether it is answered as CSV and XLSX too."""
        return issubclass(self.parameters, DownloadParameters)


QUESTIONS = (
    Question(
        "gradebook",
        "/reports/gradebook",
        reports.GradebookParameters,
        reports.Gradebooks,
        reports.gradebook,
        file=gradebook_files.gradebook_file,
    ),
    Question(
        "fill-completeness",
        "/reports/fill-completeness",
        reports.FillParameters,
        FillCompleteness,
        reports.fill_completeness,
        file=report_files.fill_file,
    ),
    Question(
        "progress",
        "/reports/progress",
        reports.ProgressParameters,
        Progress,
        reports.progress,
        file=report_files.progress_file,
    ),
    Question(
        "missed-topics",
        "/reports/missed-topics",
        reports.MissedParameters,
        MissedTopics,
        reports.missed_topics,
        file=report_files.missed_file,
    ),
    Question(
        "readiness",
        "/reports/readiness",
        set_up.ReadinessParameters,
        set_up.Readiness,
        set_up.readiness,
        file=set_up_files.readiness_file,
    ),
    Question(
        "lessons",
        "/lessons",
        reports.LessonsParameters,
        reports.Lessons,
        reports.lessons,
        file=list_files.lessons_file,
    ),
    Question(
        "timetable-grid",
        "/timetable/grid",
        lists.GridParameters,
        TimetableGrid,
        lists.timetable_grid,
        file=list_files.grid_file,
    ),
    Question(
        "timetable",
        "/reports/timetable",
        timetable.TimetableParameters,
        timetable.WeekTimetable,
        timetable.timetable,
        file=timetable_files.timetable_file,
    ),
    Question(
        "timetable-conflicts",
        "/reports/timetable/conflicts",
        timetable.ConflictsParameters,
        timetable.TimetableConflicts,
        timetable.conflicts,
        file=timetable_files.conflicts_file,
    ),
    Question(
        "school",
        "/school",
        FileReportParameters,
        setup.SchoolPicture,
        setup.school,
        "school",
        directory_files.school_file,
    ),
    Question(
        "classes", "/classes", setup.ClassesParameters, setup.Classes, setup.classes, "school", list_files.classes_file
    ),
    Question(
        "members",
        "/members",
        members.MembersParameters,
        members.Members,
        members.members,
        "school",
        directory_files.members_file,
    ),
    Question(
        "calendar",
        "/calendar",
        calendar.CalendarParameters,
        calendar.CalendarOfYear,
        calendar.calendar_of_year,
        "school",
        directory_files.calendar_file,
    ),
    Question(
        "rooms", "/rooms", FileReportParameters, calendar.Rooms, calendar.rooms, "school", directory_files.rooms_file
    ),
    Question(
        "production-calendar",
        "/production-calendar",
        FileReportParameters,
        production.ProductionCalendar,
        production.production_calendar,
        "school",
        scale_files.production_calendar_file,
    ),
    Question("staff", "/staff", setup.StaffParameters, setup.Staff, setup.staff, "school", directory_files.staff_file),
    Question(
        "journals",
        "/journals",
        setup.JournalsParameters,
        setup.Journals,
        setup.journals,
        "school",
        list_files.journals_file,
    ),
    Question("loads", "/loads", lists.LoadsParameters, lists.Loads, lists.loads, "school", list_files.loads_file),
    Question("people", "/people", lists.PeopleParameters, lists.People, lists.people, "school", list_files.people_file),
    Question(
        "curriculum",
        "/reports/curriculum",
        programme.CurriculumParameters,
        CurriculumCompared,
        programme.curriculum,
        file=programme.curriculum_file,
    ),
    Question(
        "curricula",
        "/curricula",
        curricula.CurriculaParameters,
        curricula.Curricula,
        curricula.curricula,
        "school",
        curricula.curricula_file,
    ),
    Question(
        "thematic-plan",
        "/reports/thematic-plan",
        programme.PlanParameters,
        ThematicPlan,
        programme.thematic_plan,
        file=programme.thematic_plan_file,
    ),
    Question(
        "substitutions",
        "/reports/substitutions",
        substitutions.SubstitutionsParameters,
        Substitutions,
        substitutions.substitutions,
        file=substitutions.substitutions_file,
    ),
    Question(
        "substitution-hours",
        "/reports/substitutions/hours",
        substitutions.HoursParameters,
        TeachingHours,
        substitutions.substitution_hours,
        file=substitutions.hours_file,
    ),
    Question(
        "lessons-not-made-up",
        "/reports/substitutions/not-made-up",
        substitutions.ChangedParameters,
        LostLessons,
        substitutions.lessons_not_made_up,
        file=substitutions.lost_file,
    ),
    Question(
        "substitution-proposals",
        "/reports/substitutions/proposals",
        substitution_proposals.ProposalsParameters,
        Proposals,
        substitution_proposals.proposals,
    ),
    Question(
        "programme",
        "/reports/programme",
        programme.ProgrammeParameters,
        Programme,
        programme.programme,
        file=programme.programme_file,
    ),
    Question(
        "grading-systems",
        "/grading-systems",
        grading.GradingParameters,
        grading.GradingSystems,
        grading.grading_systems,
        "school",
        scale_files.grading_systems_file,
    ),
    Question(
        "control-works-schedule",
        "/reports/control-works/schedule",
        control_schedule.ScheduleParameters,
        ControlSchedule,
        control_schedule.schedule,
        file=control_schedule.schedule_file,
    ),
    Question(
        "consents",
        "/reports/consents",
        consents.ConsentsParameters,
        consents.Consents,
        consents.consents,
        file=consent_files.consents_file,
    ),
)


def add_questions(app: FastAPI, school: SchoolService, desk: Desk) -> None:
    """Add the routes of all questions."""
    examples = json.loads(files("ejd.http").joinpath("examples.json").read_text(encoding="utf-8"))
    for question in QUESTIONS:
        content: dict[str, Any] = {"application/json": {"example": examples[question.name]}}
        if question.files:
            content |= {kind: {"schema": {"type": "string"}} for kind in TYPES if kind not in content}
        answered: dict[int | str, dict[str, Any]] = {
            200: {
                "description": "The report, with the position that it is true for",
                "headers": HEADERS,
                "content": content,
            },
            304: {"description": "It is still as the ETag says", "headers": HEADERS},
        }
        add_question(
            app,
            name=question.name,
            path=question.path,
            endpoint=_endpoint(desk, question),
            model=Answered[question.report],  # type: ignore[name-defined]
            responses=answered | problems(*STATUSES),
            tag=question.tag,
            description=question.ask.__doc__,
            route=DownloadRoute if question.files else ApiRoute,
        )
    add_changes(app, school, desk)
    add_readiness_history(app, desk)
    add_timetable_preview(app, school, desk)
    add_events(app, school)
    add_looks(app, school, desk)
    add_audit(app, school, desk)
    add_exports(app, desk)


def _endpoint(desk: Desk, question: Question) -> Callable[..., Response]:
    parameters = question.parameters

    def answer(
        request: Request,
        query: Annotated[parameters, Query()],  # type: ignore[valid-type]
        client: Annotated[Authenticated, Depends(who)],
        _if_none_match: IfNoneMatch = None,
        simulated_time: SimulatedTime = None,
    ) -> Response:
        asked: ReportParameters = query
        ask = question.ask
        if isinstance(asked, DownloadParameters):
            asked = with_format(asked, request)
            if question.file is not None and asked.file is not None:
                ask = question.file
        return desk.answer(
            question.name,
            lambda asking: ask(asking, asked),
            request=request,
            who=client,
            after=asked.after,
            as_of=asked.as_of,
            invalidated=asked.invalidated,
            at=moment_of(simulated_time),
        )

    return answer
