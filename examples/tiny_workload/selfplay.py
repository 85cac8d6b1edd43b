"""Stage 1: play. A game is a roll of two dice, and the guess that the model made of it."""

import random
import time

import dice
import job

work, started = job.read(), time.monotonic()
games = int(work["options"].get("games", 200))
model = job.load(work["inputs"]["model"])[0] if work["inputs"].get("model") else None
chance = random.Random(f"{work['seed']} {work['iteration']} {work['job_id']}")  # noqa: S311  # a game

played = []
for number in range(games):
    played.append({"guess": dice.guess(model, chance), "roll": dice.roll(chance)})
    if number % 50 == 0:
        job.say("progress", done=number, total=games, unit="games", metrics={})

output = work["outputs"]["games"]
job.save(output, played)
job.say("progress", done=games, total=games, unit="games", metrics={"samples": games})
job.say(
    "result",
    games=games,
    samples=games,
    duration_seconds=time.monotonic() - started,
    output_path=output,
)
