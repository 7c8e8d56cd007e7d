namespace TokenHub.Chaos.Upstreams;

/// <summary>Plays a plan. Says whether the connection can carry another request.</summary>
internal static class PlannedAnswer
{
    public static async Task<bool> PlayAsync(UpstreamCall call, UpstreamPlan plan, bool isStream)
    {
        if (plan.Script is { } script)
        {
            await script(call);
            return false;
        }

        await Task.Delay(plan.FirstMs, call.Cancel);
        if (!isStream)
        {
            var usage = plan.Usage ?? call.TrueUsage(plan.Tokens);
            call.Served.AddTokens(plan.Tokens);
            await call.AnswerAsync(200, call.WholeBody(plan.Tokens, usage));
            call.Served.MarkWhole();
            return true;
        }

        await call.StreamHeadAsync();
        for (var i = 0; i < plan.Tokens; i++)
        {
            await call.TokenAsync();
            await Task.Delay(plan.GapMs, call.Cancel);
        }

        return await EndAsync(call, plan);
    }

    private static async Task<bool> EndAsync(UpstreamCall call, UpstreamPlan plan)
    {
        switch (plan.End)
        {
            case UpstreamEnd.Close:
                return false;
            case UpstreamEnd.Reset:
                call.Reset();
                return false;
            case UpstreamEnd.BadChunk:
                await call.RawAsync("zz\r\nno chunk\r\n");
                return false;
            case UpstreamEnd.Hang:
                await Task.Delay(Timeout.Infinite, call.Cancel);
                return false;
            default:
                await call.FinishAsync();
                if (plan.End != UpstreamEnd.NoUsage)
                {
                    await call.UsageAsync(plan.Usage ?? call.TrueUsage(plan.Tokens));
                }

                if (plan.End == UpstreamEnd.NoDone)
                {
                    await call.RawAsync("0\r\n\r\n");
                    return false;
                }

                await call.EndAsync();
                return true;
        }
    }
}
