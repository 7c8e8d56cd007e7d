using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>
/// Translated answers that do not end well: by money, by the upstream's own word, by a cut, by the client.
/// </summary>
[Trait("needs", "redis")]
public sealed class CrossingEndTests(SharedRig shared, HastyRig hasty)
    : IClassFixture<SharedRig>, IClassFixture<HastyRig>
{
    private static readonly Usd Step = TariffMath.Hold(GatewayRig.Tariff, 0, 256);
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Money_ends_a_stream_in_the_clients_words_within_one_step(string client, string upstream)
    {
        foreach (var words in (int[])[3, 400, 3000])
        {
            var (model, server) = await _rig.AddAsync(upstream);
            var stream = new StringBuilder(Scripts.Words(upstream, 1));
            var text = string.Concat(Enumerable.Repeat("word and ", (words + 1) / 2));
            for (var i = 0; i < 9000 / words; i++)
            {
                stream.Append(Scripts.Text(upstream, text, i + 1));
            }

            server.Default = _ => ScriptedUpstreamScript.Stream(stream.ToString().Bytes(), 3000);
            var caller = await _rig.AddCallerAsync("0.10");

            using var response = await CallAsync(caller, client, model);
            var (seen, isClean) = await CrossingWorld.ReadAsync(response);

            Assert.True(isClean, seen);
            var record = await _rig.RecordOfAsync(response.RequestId());
            Assert.Equal(Outcome.FundsExhausted, record.Outcome);
            Assert.InRange(record.Cost.Units, 1, caller.Balance.Units + Step.Units);
            Assert.Contains("The balance is used up", seen, StringComparison.Ordinal);
            var read = Seen.Of(client, seen);
            Assert.True(read.IsWhole && !read.HasError, seen);
            Assert.Equal(
                client switch
                {
                    "chat" => "length",
                    "messages" => "max_tokens",
                    "gemini" => "MAX_TOKENS",
                    _ => "incomplete",
                },
                read.Finish);
            Assert.True(client != "responses" || seen.Contains("max_output_tokens", StringComparison.Ordinal), seen);
            Assert.Equal(record.Usage.Output, read.Usage!.Value.Output);
            Assert.Equal(Words(read.Text) / 0.9, record.Usage.Output, tolerance: 40.0 + (Words(read.Text) * 0.2));
            await _rig.AssertNothingHeldAsync(caller.Account);
        }
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Cut_in_mid_stream_is_an_error_and_no_clean_end(string client, string upstream)
    {
        var (head, half) = (ScriptedUpstreamScript.StreamHead(), Scripts.FirstHalf(upstream));
        foreach (var (rig, script, fault) in ((GatewayRig, ScriptedUpstreamScript, AttemptFault)[])[
            (_rig, head.Chunk(half + "data: {\"cho").Reset(), AttemptFault.CutMidStream),
            (hasty.Rig, head.Chunk(half).Hang(), AttemptFault.IdleTimeout)])
        {
            var (model, server) = await rig.AddAsync(upstream);
            server.Default = _ => script;
            var caller = await rig.AddCallerAsync();

            using var response = await CallAsync(caller, client, model);
            var (seen, isClean) = await CrossingWorld.ReadAsync(response);

            Assert.False(isClean, seen);
            Assert.Equal("Hel", ReadText(client, seen));
            AssertError(client, seen, "api_error", "server_error", "UNAVAILABLE");
            var record = await rig.RecordOfAsync(response.RequestId());
            Assert.Equal(Outcome.UpstreamErrorAfterContent, record.Outcome);
            Assert.Equal(fault, Assert.Single(record.Attempts).Fault);
            Assert.InRange(record.Usage.Output, 1, 2);
            await rig.AssertNothingHeldAsync(caller.Account);
        }
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("gemini")]
    public async Task Stream_that_begins_anew_after_its_first_words_is_no_whole_answer(string client)
    {
        var (model, server) = await _rig.AddAsync("messages");
        var whole = Scripts.Words("messages", 3, ends: true);
        server.Default = _ => ScriptedUpstreamScript.Stream(Scripts.FirstHalf("messages") + whole);
        var caller = await _rig.AddCallerAsync();

        using var response = await CallAsync(caller, client, model);
        var (seen, isClean) = await CrossingWorld.ReadAsync(response);

        Assert.False(isClean, seen);
        Assert.Equal("Hel", ReadText(client, seen));
        AssertError(client, seen, "api_error", "server_error", "UNAVAILABLE");
        Assert.Equal(
            Outcome.UpstreamErrorAfterContent, (await _rig.RecordOfAsync(response.RequestId())).Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Error_in_mid_stream_is_told_in_the_clients_words(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        server.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(upstream))
            .Pause(TimeSpan.FromMilliseconds(20)).Chunk(Overloaded(upstream)).EndChunks();
        var caller = await _rig.AddCallerAsync();

        using var response = await CallAsync(caller, client, model);
        var (seen, isClean) = await CrossingWorld.ReadAsync(response);

        Assert.False(isClean, seen);
        Assert.Equal("Hel", ReadText(client, seen));
        AssertError(client, seen, "overloaded_error", "server_is_overloaded", "UNAVAILABLE");
        Assert.DoesNotContain("sk-live-", seen, StringComparison.Ordinal);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((Outcome.UpstreamErrorAfterContent, 1L), (record.Outcome, record.Usage.Output));
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Error_before_content_is_a_status_and_not_a_stream(string client, string upstream)
    {
        foreach (var stream in (bool[])[true, false])
        {
            var (model, server) = await _rig.AddAsync(upstream);
            server.Default = _ => stream
                ? ScriptedUpstreamScript.Stream(Scripts.Beginning(upstream) + Overloaded(upstream))
                : ScriptedUpstreamScript.Stream(Overloaded(upstream));
            var caller = await _rig.AddCallerAsync();

            using var response = await CrossingWorld.CallAsync(caller, client, model, stream);

            await Dialects.AssertErrorAsync(
                client, response, client == "messages" ? 529 : 503, Dialects.Word(client, "server_error", "overloaded_error", "UNAVAILABLE"));
            await _rig.AssertNothingHeldAsync(caller.Account);
            Assert.Equal(caller.Balance, _rig.Plane.BalanceOf(caller.Account));
        }
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task End_mark_without_the_connections_end_is_enough(string client, string upstream)
    {
        if (upstream == "gemini")
        {
            return;
        }

        var (model, server) = await _rig.AddAsync(upstream);
        server.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Dialects.Answer(upstream, stream: true)).Hang();
        var caller = await _rig.AddCallerAsync();

        using var response = await CallAsync(caller, client, model);
        var (seen, isClean) = await CrossingWorld.ReadAsync(response);

        Assert.True(isClean, seen);
        Assert.Equal("Hello!", ReadText(client, seen));
        Assert.Equal(Outcome.Completed, (await _rig.RecordOfAsync(response.RequestId())).Outcome);
    }

    [Theory]
    [MemberData(nameof(CrossingWorld.Pairs), MemberType = typeof(CrossingWorld))]
    public async Task Client_who_leaves_pays_for_what_was_served_by_either_policy(string client, string upstream)
    {
        foreach (var policy in (AbortPolicy[])[AbortPolicy.Cancel, AbortPolicy.Drain])
        {
            var (model, server) = await _rig.AddAsync(upstream, change: entry => entry with { OnClientAbort = policy });
            var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var events = Scripts.Events(Scripts.Words(upstream, 12, ends: true));
            server.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(string.Concat(events[..6])).WaitFor(left.Task)
                .Chunk(string.Concat(events[6..])).EndChunks();
            var caller = await _rig.AddCallerAsync();
            var body = Dialects.Body(client, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
            using var raw = await RawClient.PostAsync(caller, Dialects.Path(client, true, model), body);
            Assert.True(await raw.ReadUntilAsync("word"));

            raw.Leave(reset: true);
            await (policy == AbortPolicy.Cancel
                ? server.Requests[0].CallerLeft.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)
                : Probe.UntilAsync(() => _rig.Host.Rooms.Drains.Count == 1, TimeSpan.FromSeconds(30), "it is read on"));
            left.SetResult();

            var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
            Assert.Equal(Outcome.ClientCut, record.Outcome);
            Assert.Equal(policy == AbortPolicy.Drain, record.Usage.Output == 12);
            Assert.True(record.Cost > Usd.Zero);
            await _rig.AssertNothingHeldAsync(caller.Account);
        }
    }

    private static string Overloaded(string upstream) => upstream switch
    {
        "chat" => """data: {"error":{"message":"Overloaded, ask sk-live-0123456789abcdef.","type":"server_error","code":"server_is_overloaded"}}""" + "\n\n",
        "messages" => Wire.Event("error", """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded, ask sk-live-0123456789abcdef."}}"""),
        "responses" => Wire.Event("error", """{"type":"error","code":"server_is_overloaded","message":"Overloaded, ask sk-live-0123456789abcdef.","sequence_number":9}"""),
        _ => """{"error":{"code":503,"message":"Overloaded, ask sk-live-0123456789abcdef.","status":"UNAVAILABLE"}}""",
    };

    private static void AssertError(string client, string seen, string anthropic, string openAi, string gemini)
    {
        var read = Seen.Of(client, client == "gemini" ? seen[seen.LastIndexOf("{\"error\"", StringComparison.Ordinal)..] : seen);
        Assert.True(read.HasError, seen);
        Assert.Contains(client switch { "messages" => anthropic, "gemini" => gemini, _ => openAi }, seen, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("response.completed", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("\"finishReason\":\"STOP\"", seen, StringComparison.Ordinal);
    }

    private static string ReadText(string client, string seen)
    {
        var error = client == "gemini" ? seen.LastIndexOf("{\"error\"", StringComparison.Ordinal) : -1;
        return Seen.Of(client, error < 0 ? seen : seen[..error]).Text;
    }

    private static int Words(string text) => text.Split("word").Length - 1 + text.Split("and").Length - 1;

    private static Task<HttpResponseMessage> CallAsync(GatewayRig.Caller caller, string client, string model)
    {
        var body = Dialects.Body(client, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal)
            .Replace("\"max_tokens\":100", "\"max_tokens\":64000", StringComparison.Ordinal);
        if (client == "chat")
        {
            body = body.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal);
        }

        return caller.PostAsync(Dialects.Path(client, true, model), body);
    }
}
