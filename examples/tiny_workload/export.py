"""Stage 2: export. What can be learned of a game is the roll."""

import job

work = job.read()
games = [game for games in job.load(work["inputs"]["games"]) for game in games]
samples = [game["roll"] for game in games]
output = work["outputs"]["samples"]
job.save(output, samples)
job.say("result", samples=len(samples), games=len(games), quality=1.0, output_path=output)
