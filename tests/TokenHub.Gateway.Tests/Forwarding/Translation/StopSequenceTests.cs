using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>
/// Stop sequences before an upstream that knows none: the answer ends at them all the same, in the client's words, and
/// what he pays is what he is told.
/// </summary>
[Trait("needs", "redis")]
public sealed class StopSequenceTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [InlineData("chat", "stop")]
    [InlineData("messages", "stop_sequence")]
    [InlineData("gemini", "STOP")]
    public async Task Stream_ends_at_once_and_the_upstream_is_broken_off(string client, string finish)
    {
        var (model, server) = await _rig.AddAsync("responses");
        server.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Scripts.Words("responses", 100) + Scripts.Text("responses", " one X")).Chunk(Scripts.Text("responses", "Y two"))
            .Chunk(Scripts.Words("responses", 10)).Hang();
        var caller = await _rig.AddCallerAsync();

        using var response = await CallAsync(caller, client, model, stream: true);
        var (text, isClean) = await CrossingWorld.ReadAsync(response);

        var seen = Seen.Of(client, text);
        Assert.True(isClean && seen.IsWhole && !seen.HasError, text);
        Assert.EndsWith(" and one ", seen.Text, StringComparison.Ordinal);
        Assert.Equal(finish, seen.Finish);
        Assert.Equal(client == "messages", text.Contains("\"stop_sequence\":\"XY\"", StringComparison.Ordinal));
        Assert.Null(response.Header("x-tokenhub-dropped"));
        await server.Requests[0].CallerLeft.WaitAsync(Patience);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((Outcome.Completed, true), (record.Outcome, record.IsCounted));
        Assert.InRange(record.Usage.Output, 102, Scripts.ServedTokens("responses", server.Requests[0]));
        Assert.Equal((record.Usage.Input, record.Usage.Output), (seen.Usage!.Value.Input, seen.Usage.Value.Output));
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [InlineData(AbortPolicy.Drain, "gpt-4.1")]
    [InlineData(AbortPolicy.Cancel, "gpt-5.2")]
    public async Task What_is_billed_whole_or_thinks_in_secret_is_read_to_its_end(AbortPolicy policy, string upstream)
    {
        var (model, server) = await _rig.AddAsync("responses", change: entry => entry with
        {
            OnClientAbort = policy,
            ModelMap = new Dictionary<string, string> { [entry.Models[0]] = upstream },
        });
        server.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Scripts.Words("responses", 10) + Scripts.Text("responses", "XY"))
            .Chunk(Scripts.Words("responses", 20)[Scripts.Beginning("responses").Length..] + Scripts.End("responses", 777)).EndChunks();
        var caller = await _rig.AddCallerAsync();

        using var response = await CallAsync(caller, "messages", model, stream: true);
        var (text, isClean) = await CrossingWorld.ReadAsync(response);

        var seen = Seen.Of("messages", text);
        Assert.True(isClean && seen.IsWhole, text);
        Assert.Equal(string.Concat(Enumerable.Repeat("word and", 5)), seen.Text);
        Assert.Equal("stop_sequence", seen.Finish);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(new TokenUsage { Input = 11, Output = 777 }, record.Usage);
        Assert.Equal(record.Usage, seen.Usage);
        Assert.False(record.IsCounted);
    }

    [Theory]
    [InlineData("chat", "stop")]
    [InlineData("messages", "stop_sequence")]
    [InlineData("gemini", "STOP")]
    public async Task Answer_in_one_piece_is_cut_and_costs_what_the_upstream_says(string client, string finish)
    {
        var (model, server) = await _rig.AddAsync("responses");
        server.Default = _ => ScriptedUpstreamScript.Answer(
            200, Wire.ResponsesAnswer.Replace("Hi!", "Hi! XY and more", StringComparison.Ordinal));
        var caller = await _rig.AddCallerAsync();

        using var response = await CallAsync(caller, client, model, stream: false);

        var seen = Seen.Of(client, await response.Content.ReadAsStringAsync());
        Assert.Equal(("Hi! ", finish), (seen.Text, seen.Finish));
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((Outcome.Completed, new TokenUsage { Input = 11, Output = 7 }), (record.Outcome, record.Usage));
        Assert.Equal(record.Usage, seen.Usage);
    }

    [Fact]
    public async Task Key_that_wants_nothing_left_out_may_stop_anywhere()
    {
        var (model, server) = await _rig.AddAsync("responses");
        server.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ResponsesAnswer);
        var caller = await _rig.AddCallerAsync("1", key => key with { Unsupported = KeyRecord.UnsupportedIsError });

        using var response = await CallAsync(caller, "chat", model, stream: false);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.True((await _rig.RecordOfAsync(response.RequestId())).Cost > Usd.Zero);
    }

    private static Task<HttpResponseMessage> CallAsync(
        GatewayRig.Caller caller, string dialect, string model, bool stream)
    {
        var wish = dialect switch
        {
            "chat" => """{"stream_options":{"include_usage":true},"stop":["XY"],""",
            "messages" => """{"stop_sequences":["XY","never"],""",
            _ => """{"generationConfig":{"stopSequences":["XY"]},""",
        };
        wish = stream ? wish : wish.Replace("\"stream_options\":{\"include_usage\":true},", "", StringComparison.Ordinal);
        var body = wish + Dialects.Body(dialect, stream).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal)[1..];
        return caller.PostAsync(Dialects.Path(dialect, stream, model), body);
    }
}
