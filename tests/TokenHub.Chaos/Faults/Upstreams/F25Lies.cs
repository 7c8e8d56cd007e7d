using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Upstreams;

/// <summary>
/// The upstream reports usage that cannot be: it is replaced by the own count. What can be is billed as reported.
/// </summary>
internal sealed class F25Lies : IFault
{
    private const int Tokens = 8;

    public string Id => "F25";

    public string Says => "the upstream lies about usage";

    public async Task PlayAsync(Trial trial)
    {
        string[] impossible = ["-5", "9223372036854775808", "1e400", "1.5", "\"8\"", "null", "999999999999999999999"];
        foreach (var output in impossible)
        {
            await PlayAsync(trial, $$"""{"prompt_tokens":10,"completion_tokens":{{output}},"total_tokens":18}""", Tokens, Tokens);
        }

        await PlayAsync(trial, "{}", Tokens, Tokens);
        await PlayAsync(trial, "[]", Tokens, Tokens);
        await PlayAsync(trial, """{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17}""", 7, 7);
        await PlayAsync(trial, """{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}""", 20, 20);
    }

    private static async Task PlayAsync(Trial trial, string usage, long least, long most)
    {
        var call = await trial.ServedCallAsync(0, errand =>
        {
            trial.Rig.Upstream.Plan(errand.Model, new UpstreamPlan(Tokens, 1, Usage: usage));
            trial.Rig.Allowances.Lies[errand.Model] = (least, most);
            return errand with { IsStream = true, AsksUsage = false };
        });
        trial.Note($"{call.Model} reports {usage}");
        trial.Expect(call.Status == 200, $"with usage {usage} the client got {call.Status} {call.Tail}");
    }
}
