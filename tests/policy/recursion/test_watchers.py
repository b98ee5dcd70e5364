"""What watches and tells: an alarm or a budget starts something only when somebody listens."""

from __future__ import annotations

from stackproof.model import Resource, Unknown, Value, Verdict
from tests.policy.graphs import graph, ref, resource
from tests.policy.recursion.stacks import FUNCTION, IMAGE_BUCKET, THUMBNAILER, TOPIC, decide

BUDGET = "aws:budgets/budget:Budget"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARMS = resource(TOPIC, "alarms", name="alarms")


def budget(*topics: Value) -> Resource:
    notification: dict[str, Value] = {
        "subscriberEmailAddresses": ["somebody@cinema.example"],
        "subscriberSnsTopicArns": list(topics),
    }
    return resource(BUDGET, "costs", name="costs", notifications=[notification])


def subscribed(protocol: str, endpoint: Value) -> Resource:
    return resource(
        SUBSCRIPTION, "alarms", topic=ref(TOPIC, "alarms"), protocol=protocol, endpoint=endpoint
    )


PEOPLE = subscribed("email", "somebody@cinema.example")
CODE = subscribed("lambda", ref(FUNCTION, "thumbnailer", "arn"))


def closed(*resources: Resource) -> Verdict:
    return decide(graph(IMAGE_BUCKET, *THUMBNAILER, ALARMS, *resources), "events.closed").verdict


def test_a_budget_that_tells_people_starts_nothing() -> None:
    assert closed(budget(ref(TOPIC, "alarms", "arn")), PEOPLE) is Verdict.PROVEN
    assert closed(budget()) is Verdict.PROVEN


def test_a_budget_whose_topic_starts_a_function_starts_it() -> None:
    assert closed(budget(ref(TOPIC, "alarms", "arn")), CODE) is Verdict.VIOLATED


def test_a_budget_that_tells_a_topic_out_of_sight_is_not_decided() -> None:
    elsewhere = "arn:aws:sns:us-east-1:123456789012:elsewhere"
    assert closed(budget(elsewhere)) is Verdict.UNPROVEN
    assert closed(budget(Unknown("another stack"))) is Verdict.UNPROVEN
    unknown = resource(BUDGET, "costs", name="costs", notifications=Unknown("another stack"))
    assert closed(unknown) is Verdict.UNPROVEN
