"""Every address of the site, who may use it, and who answers: the one table the door and the tests read.

A row without a role for strangers sends them to sign in. To everybody else a row they may not use looks like an address
that nobody has.
"""

from dataclasses import dataclass
from typing import Literal

from chat import access, audit_log
from web import (
    about,
    account,
    appeals,
    asking,
    audit_pages,
    console,
    demand,
    desk,
    duty,
    entering,
    house_rules,
    opened_case,
    organiser,
    room_pages,
    safety,
    signals,
    supervisor,
    topic_list,
    waiting,
    welcome,
)
from web.site import Handler

Allowed = Literal["anyone", "stranger", "member", "staff", "peer", "desk", "supervisor", "overseer", "organiser"]
ANYONE: Allowed = "anyone"
STRANGER: Allowed = "stranger"
ROLES: dict[Allowed, frozenset[str]] = {
    "member": frozenset(),
    "staff": frozenset({"peer", *access.DESK}),
    "peer": frozenset({"peer"}),
    "desk": frozenset(access.DESK),
    "supervisor": frozenset({"supervisor"}),
    "overseer": frozenset(audit_log.READERS),
    "organiser": frozenset({"organiser"}),
}
"""Which roles a row lets in, one of them being enough; none: every member."""


@dataclass(frozen=True, slots=True)
class Row:
    """One address and method. `asks_who`: whether the session is looked up at all."""

    method: Literal["GET", "POST"]
    path: str
    allowed: Allowed
    handler: Handler
    asks_who: bool = True


ROUTES: tuple[Row, ...] = (
    Row("GET", "/healthz", "anyone", about.healthz, asks_who=False),
    Row("GET", "/static/{name:path}", "anyone", about.static, asks_who=False),
    Row("GET", "/", "anyone", welcome.welcome),
    Row("GET", "/help", "anyone", about.help_now),
    Row("GET", "/offline", "anyone", about.help_offline, asks_who=False),
    Row("GET", "/worker.js", "anyone", about.worker, asks_who=False),
    Row("GET", "/protocol", "anyone", about.wire_protocol),
    Row("POST", "/language", "anyone", about.set_language),
    Row("GET", "/sign-up", "stranger", welcome.sign_up_form),
    Row("POST", "/sign-up", "stranger", welcome.sign_up),
    Row("GET", "/sign-in", "stranger", entering.sign_in_form),
    Row("POST", "/sign-in", "stranger", entering.sign_in),
    Row("GET", "/link/{token}", "anyone", entering.link_form),
    Row("POST", "/link/{token}", "anyone", entering.link),
    Row("POST", "/banned/appeal", "anyone", appeals.appeal_ban),
    Row("POST", "/sign-out", "member", entering.sign_out),
    Row("GET", "/start", "staff", entering.start_form),
    Row("POST", "/start", "staff", entering.start),
    Row("GET", "/rooms", "member", room_pages.listing),
    Row("GET", "/rooms/{room}", "member", room_pages.room),
    Row("POST", "/rooms/{room}/join", "member", room_pages.join),
    Row("POST", "/rooms/{room}/block", "member", room_pages.block),
    Row("GET", "/rooms/{room}/entries", "member", room_pages.entries),
    Row("GET", "/rooms/{room}/held", "member", room_pages.held_now),
    Row("GET", "/profile", "member", asking.profile_form),
    Row("POST", "/profile", "member", asking.profile),
    Row("POST", "/profile/delete", "member", asking.delete_profile),
    Row("GET", "/ask", "member", asking.ask_form),
    Row("POST", "/ask", "member", asking.ask),
    Row("GET", "/waiting", "member", waiting.waiting),
    Row("POST", "/waiting/widen", "member", waiting.widen),
    Row("POST", "/waiting/keep", "member", waiting.keep),
    Row("POST", "/waiting/answer", "member", waiting.answer),
    Row("GET", "/waiting/letter", "member", waiting.letter_form),
    Row("POST", "/waiting/letter", "member", waiting.letter),
    Row("POST", "/waiting/withdraw", "member", waiting.withdraw),
    Row("GET", "/me", "member", account.me),
    Row("POST", "/me/nickname", "member", account.rename),
    Row("POST", "/me/sessions/{session}/end", "member", account.end_session),
    Row("POST", "/me/sessions/end", "member", account.end_others),
    Row("POST", "/me/code", "member", account.new_code),
    Row("POST", "/me/code/kept", "member", account.keep_code),
    Row("POST", "/me/blocks/{person}/end", "member", account.unblock),
    Row("POST", "/me/acts/{act}/appeal", "member", account.appeal),
    Row("POST", "/me/erase", "member", account.erase),
    Row("GET", "/desk", "peer", desk.desk),
    Row("GET", "/desk/offers", "peer", desk.offers_now),
    Row("POST", "/desk/offers/{offer}/accept", "peer", desk.accept),
    Row("POST", "/desk/offers/{offer}/decline", "peer", desk.decline),
    Row("POST", "/desk/availability", "peer", desk.availability),
    Row("POST", "/desk/not-today", "peer", desk.not_today),
    Row("GET", "/console", "desk", console.console),
    Row("GET", "/console/cases", "desk", console.cases_now),
    Row("GET", "/console/cases/{case}", "desk", opened_case.case),
    Row("GET", "/console/staffing", "desk", console.staffing_now),
    Row("GET", "/duty", "desk", duty.duty),
    Row("POST", "/duty/shift", "desk", duty.shift),
    Row("POST", "/duty/break", "desk", duty.rest),
    Row("POST", "/duty/debrief", "desk", duty.debrief),
    Row("POST", "/duty/channels", "desk", duty.set_channels),
    Row("GET", "/console/waiting", "desk", console.waiting_now),
    Row("GET", "/console/lobbies", "desk", console.lobbies_now),
    Row("GET", "/supervisor", "supervisor", supervisor.supervisor),
    Row("POST", "/supervisor/pairs", "supervisor", supervisor.allow),
    Row("POST", "/supervisor/peers/{person}/vet", "supervisor", supervisor.vet),
    Row("POST", "/supervisor/peers/{person}/unvet", "supervisor", supervisor.unvet),
    Row("GET", "/audit", "overseer", audit_pages.newest),
    Row("POST", "/audit", "overseer", audit_pages.search),
    Row("POST", "/audit/rows/{n}", "overseer", audit_pages.why),
    Row("POST", "/audit/exports", "overseer", audit_pages.ask),
    Row("POST", "/audit/exports/{export}", "overseer", audit_pages.agree),
    Row("GET", "/audit/exports/{export}", "overseer", audit_pages.fetch),
    Row("POST", "/supervisor/debriefs/{note}", "supervisor", supervisor.debrief),
    Row("GET", "/organiser", "organiser", organiser.organiser),
    Row("GET", "/organiser/demand", "organiser", demand.demand),
    Row("GET", "/organiser/demand.csv", "organiser", demand.demand_csv),
    Row("GET", "/organiser/safety", "organiser", safety.safety),
    Row("GET", "/organiser/safety.csv", "organiser", safety.safety_csv),
    Row("POST", "/organiser/rooms", "organiser", organiser.make_room),
    Row("POST", "/organiser/rooms/{room}/close", "organiser", organiser.close_room),
    Row("POST", "/organiser/invite", "organiser", organiser.invite),
    Row("GET", "/organiser/duty", "organiser", duty.rule_form),
    Row("POST", "/organiser/duty", "organiser", duty.set_rule),
    Row("GET", "/organiser/rules", "organiser", house_rules.list_rules),
    Row("POST", "/organiser/rules", "organiser", house_rules.add),
    Row("POST", "/organiser/rules/{code}", "organiser", house_rules.change),
    Row("GET", "/organiser/signals", "organiser", signals.list_signals),
    Row("POST", "/organiser/signals", "organiser", signals.add),
    Row("POST", "/organiser/signals/{code}", "organiser", signals.change),
    Row("POST", "/organiser/signals/{code}/try", "organiser", signals.try_out),
    Row("GET", "/organiser/topics", "organiser", topic_list.topic_list),
    Row("POST", "/organiser/topics", "organiser", topic_list.add),
    Row("POST", "/organiser/topics/{code}", "organiser", topic_list.change),
    Row("POST", "/organiser/peers/{person}/approve", "organiser", organiser.approve),
    Row("POST", "/organiser/peers/{person}/suspend", "organiser", organiser.suspend),
)
