"""Stage 5: evaluate. Guess against chance, a sensible habit, the best model and the first one."""

import math
import random

import dice
import job

work = job.read()
inputs, options = work["inputs"], work["options"]
model = job.load(inputs["model"])[0]
chance = random.Random(f"{work['seed']} {work['iteration']} evaluate")  # noqa: S311  # a game

opponents = {"random": lambda: dice.guess(None, chance), "heuristic": lambda: dice.roll(chance)}
for name in ("best", "first"):
    if inputs.get(name):
        other = job.load(inputs[name])[0]
        opponents[name] = lambda other=other: dice.guess(other, chance)

scores = {}
for name, opponent in opponents.items():
    games = int(options.get(f"{name}_games", 100))
    won = sum(
        dice.first_wins(dice.guess(model, chance), opponent(), dice.roll(chance), chance)
        for _ in range(games)
    )
    scores[name] = {
        "wins": won,
        "losses": games - won,
        "games": games,
        "win_rate": won / max(games, 1),
    }
    metrics = {"baseline": name, "current_win_rate": won / max(games, 1)}
    job.say("progress", done=len(scores), total=len(opponents), unit="opponents", metrics=metrics)

played = sum(score["games"] for score in scores.values())
against = scores["random"]
elo = 400 + 400 * math.log10((against["wins"] + 0.5) / (against["losses"] + 0.5))
job.say(
    "result",
    model_path=inputs["model"],
    games_played=played,
    win_rate=sum(score["wins"] for score in scores.values()) / max(played, 1),
    opponents=scores,
    elo=elo,
    elo_delta=elo - options["best_elo"] if options.get("best_elo") is not None else None,
)
