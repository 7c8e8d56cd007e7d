using TokenHub.Chaos.Clients;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults.Upstreams;

/// <summary>The upstream redirects, sets cookies, and repeats the credential it was asked with.</summary>
internal sealed class F26Indiscreet : IFault
{
    public string Id => "F26";

    public string Says => "the upstream redirects, sets cookies, echoes its key";

    public async Task PlayAsync(Trial trial)
    {
        var error = $$$"""{"error":{"message":"Incorrect API key provided: {{{Canaries.UpstreamKey}}}, see https://in.example","type":"invalid_request_error"}}""";
        var calls = new List<Receipt>
        {
            await Scripted.PlayAsync(trial, call => call.AnswerAsync(401, error), isStream: false),
            await Scripted.PlayAsync(trial, call => call.AnswerAsync(400, error), isStream: false),
            await Scripted.PlayAsync(trial, call => call.AnswerAsync(500, error)),
            await Scripted.PlayAsync(trial, call => call.AnswerAsync(
                302, "", $"location: http://127.0.0.1:{trial.Rig.ControlPlanes[0].Port}/internal/v1/snapshot\r\n"), isStream: false),
            await Scripted.PlayAsync(trial, call => call.AnswerAsync(
                429, error, $"set-cookie: a={Canaries.UpstreamKey}\r\nconnection: x-hop\r\nx-hop: {Canaries.UpstreamKey}\r\n"), isStream: false),
        };
        foreach (var call in calls)
        {
            trial.Expect(call.Status >= 400, $"{call.Model} was answered {call.Status} {call.Tail}");
            trial.Expect(
                !call.Tail.Contains(Canaries.UpstreamKey, StringComparison.Ordinal), $"{call.Model} was told the upstream's key");
        }
    }
}
