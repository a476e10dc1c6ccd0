"""The question of each benchmark, in everyday words."""

from benchmarks.datasets.registry import DATASETS

_QUESTIONS = {
    "lfw-all-pairs": "If thousands of strangers are compared with one another, how often is one taken for another, and "
    "how many people are missed in return? Is that the same for women and men?",
    "identification": "Somebody is searched for among many: how often is the right person named, and how often is "
    "somebody named who has nothing to do with it?",
    "choices": "What does each choice in the way faces are recognised do to the errors?",
    "aclu": "If the photographs of a parliament are searched for in a large gallery of other people, how many of its "
    "members are wrongly matched?",
    "commands": "Somebody asks for a list at the command line while the system runs with a million pictures of people: "
    "how long is the wait?",
    "crowd": "If a photograph shows hundreds of people, are their faces found and searched for in one call, and how "
    "long does that take? Are strangers taken for each other more often because the faces are small?",
    "degradation": "How many more people are missed when faces are small, blurred or heavily compressed?",
    "duplicates": "If somebody who is in the gallery already is enrolled under another name, is that noticed? And how "
    "often is a newcomer taken for somebody else?",
    "gate": "If a picture lies on its side, or a face is cut off, smeared or covered: is it refused, and are strangers "
    "taken for each other more often where it is not?",
    "lists": "With hundreds of thousands of people and alerts: how long does a page of them take?",
    "live-month": "If one group of people is falsely named more often than another, does a month of the log show it? "
    "And does it keep silent where there is no difference?",
    "operating-point": "Where should the line be drawn between “the same person” and “somebody else”?",
    "recognition": "Does the fast way of recognising faces give the results of the slow one it replaces, and how fast "
    "is it?",
    "relay": "What does it cost that the service itself, and not the camera's worker, connects to a camera?",
    "scene": "People walk past a camera: who is found, who is named, who is wrongly named, and how soon?",
    "search": "How quickly is a person found in a large gallery, and is anybody overlooked for the sake of speed?",
    "search-huge": "The same for a gallery of ten million pictures.",
    "audit-cost": "Every search is written into a log that cannot be changed unnoticed: how much slower does that make "
    "it?",
    "start-up": "How long after it is switched on does the system answer, for small galleries and large ones?",
    "streams": "How many cameras can one ordinary machine watch at once before it falls behind?",
    "walks": "Somebody follows one camera picture, or one search, through the program: how often must they turn to "
    "another file?",
}


def question(benchmark: str) -> str:
    """Its question; empty for a benchmark that none is written for."""
    if benchmark in _QUESTIONS:
        return _QUESTIONS[benchmark]
    if benchmark in DATASETS:
        return "Shown two pictures, how often does it rightly tell whether they are of the same person?"
    return ""
