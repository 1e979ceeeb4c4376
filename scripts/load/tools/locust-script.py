"""
The part of a locustfile that is the same for every scenario; `plan` is filled in (scripts/load/tools/plan.ts
says what it holds). A ticket is moved on by one user at a time, so that what is legal next is known without
asking; whatever else is asked for may meet others at the same ticket.
"""

import json
import logging
import os
import random
import time
from collections import deque

import gevent
import requests
from locust import HttpUser, LoadTestShape, constant_throughput, events
from locust.runners import MasterRunner
from locust.stats import StatsEntry

plan = {}

URL = os.environ.get("DOCKET_URL", "http://127.0.0.1:7420").rstrip("/")
KEY = os.environ.get("DOCKET_KEY", "")
ASKED = float(os.environ.get("DOCKET_SECONDS") or 0)
HEADERS = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}
TIMEOUT_SECONDS = 30
# Requests under way at the end are waited for, because what they did is in the log.
STOP_SECONDS = 30
# Tickets that are remembered; later ones are opened and left alone.
REMEMBERED_MAX = 100_000
# Locust takes whole weights only.
WEIGHT_UNIT = 100

if not KEY:
    raise SystemExit("DOCKET_KEY is empty: put an API key of the server into it")


class Run:
    """What this process knows, shared by all of its users."""

    started_at = None
    known = []
    idle = deque()
    events_acknowledged = 0
    tickets_opened = 0
    refused = 0


def seconds_of(stage):
    lasts, seconds = stage["lasts"], stage["seconds"]
    # A burst at one instant lasts a second here: a user asks again once it was answered, at the soonest.
    least = 1 if stage["requests"] > 0 else 0
    if ASKED == 0 or lasts == "own":
        return max(seconds, least)
    if lasts == "each":
        return ASKED
    if lasts == "most":
        return min(seconds, ASKED)
    return max(seconds * ASKED / plan["sharedSeconds"] if plan["sharedSeconds"] else seconds, least)


def stage_now():
    """The stage, and how many seconds ago it began; no stage once all of them are over."""
    if Run.started_at is None:
        return plan["stages"][0], 0
    passed = time.monotonic() - Run.started_at
    for stage in plan["stages"]:
        if passed < seconds_of(stage):
            return stage, passed
        passed -= seconds_of(stage)
    return None, 0


def per_user(stage, passed):
    """Requests of each user per second."""
    if stage["requests"] > 0:
        return stage["requests"] / seconds_of(stage) / stage["users"]
    first, last = stage["fromPerSecond"], stage["toPerSecond"]
    return (first + (last - first) * passed / seconds_of(stage)) / stage["users"]


class Stages(LoadTestShape):
    def tick(self):
        stage, _ = stage_now()
        return None if stage is None else (stage["users"], stage["users"])


@events.init.add_listener
def wait_for_answers(environment, **_):
    environment.stop_timeout = STOP_SECONDS


@events.test_start.add_listener
def open_tickets_before(environment, **_):
    if isinstance(environment.runner, MasterRunner):
        return
    while len(Run.known) < plan["ticketsBefore"]:
        count = min(plan["ticketsPerRequest"], plan["ticketsBefore"] - len(Run.known))
        body = '{"commands":[' + ",".join([plan["openingCommand"]] * count) + "]}"
        answer = requests.post(URL + "/v1/commands", data=body, headers=HEADERS, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        for outcome in answer.json()["outcomes"]:
            remember(outcome["ticketId"])
            Run.events_acknowledged += outcome["events"]
    Run.started_at = time.monotonic()


def remember(ticket_id):
    if len(Run.known) < REMEMBERED_MAX:
        Run.known.append(ticket_id)
        Run.idle.append((ticket_id, 0))


def send(user, action, sample, ticket_id=""):
    """The status of the answer; 0 where there was none."""
    stage, _ = stage_now()
    name = action if stage is None else "%s [%s]" % (action, stage["name"])
    path = sample["path"].replace("{ticketId}", ticket_id)
    with user.client.request(
        sample["method"],
        path,
        data=sample.get("body"),
        headers=HEADERS,
        name=name,
        timeout=TIMEOUT_SECONDS,
        catch_response=True,
    ) as answer:
        status = answer.status_code or 0
        if status == 429:
            Run.refused += 1
        if 200 <= status < 300 or status in plan["alsoExpected"]:
            answer.success()
        else:
            answer.failure("status %d" % status)
        if sample["method"] == "POST" and 200 <= status < 300:
            outcome = answer.json()
            Run.events_acknowledged += outcome["events"]
            if action == "open":
                Run.tickets_opened += 1
                remember(outcome["ticketId"])
        return status


def open_ticket(user):
    send(user, "open", random.choice(plan["samples"]["open"]))


def ask_about(action):
    def ask(user):
        if Run.known:
            send(user, action, random.choice(plan["samples"][action]), random.choice(Run.known))
        else:
            open_ticket(user)

    return ask


def ask_for(action):
    def ask(user):
        send(user, action, random.choice(plan["samples"][action]))

    return ask


def advance(user):
    if not Run.idle:
        open_ticket(user)
        return
    ticket_id, moves = Run.idle.popleft()
    status = send(user, "advance", random.choice(plan["steps"][moves]), ticket_id)
    if 200 <= status < 300:
        moves += 1
    elif status not in (429, 503):
        # Nobody knows what became of the step: the ticket is left alone for good.
        return
    if moves < len(plan["steps"]):
        Run.idle.append((ticket_id, moves))


ACTIONS = {
    "open": open_ticket,
    "comment": ask_about("comment"),
    "read": ask_about("read"),
    "history": ask_about("history"),
    "list": ask_for("list"),
    "search": ask_for("search"),
    "advance": advance,
}


class Desk(HttpUser):
    host = URL
    tasks = {ACTIONS[each["action"]]: max(1, round(each["weight"] * WEIGHT_UNIT)) for each in plan["mix"]}

    def on_start(self):
        # Users that all began at once would stay a crowd that asks at the same instants.
        stage, passed = stage_now()
        if stage is not None:
            pace = 1 / per_user(stage, passed)
            gevent.sleep(random.uniform(0, min(pace, max(0, seconds_of(stage) - passed))))

    def wait_time(self):
        stage, passed = stage_now()
        if stage is None:
            return 1
        # Whoever waits is not to sleep through the stage that comes next.
        return min(constant_throughput(per_user(stage, passed))(self), seconds_of(stage) - passed + random.random())


def judged_entry(stats):
    judged = StatsEntry(stats, "judged", "")
    names = ["[%s]" % stage["name"] for stage in plan["stages"] if stage["judged"]]
    for entry in stats.entries.values():
        if any(entry.name.endswith(name) for name in names):
            judged.extend(entry)
    return judged


@events.quitting.add_listener
def judge(environment, **_):
    limits, judged = plan["limits"], judged_entry(environment.stats)
    asked = max(1, judged.num_requests)
    p99 = judged.get_response_time_percentile(0.99) or 0
    wrong = []
    if judged.num_requests == 0:
        wrong.append("nothing was asked in the stages that are judged")
    if judged.num_failures / asked > limits["errorShareMax"]:
        wrong.append("%d of %d requests failed" % (judged.num_failures, judged.num_requests))
    if 0 < limits["p99Ms"] < p99:
        wrong.append("p99 is %d ms, over %d ms" % (p99, limits["p99Ms"]))
    told = {"eventsAcknowledged": Run.events_acknowledged, "ticketsOpened": Run.tickets_opened, "refused": Run.refused}
    print("docket " + json.dumps(told))
    for each in wrong:
        logging.error("%s", each)
    environment.process_exit_code = 1 if wrong else 0
