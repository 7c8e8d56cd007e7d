using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>One channel that fails in every way, in every dialect: a clear error, the hold given back.</summary>
[Trait("needs", "redis")]
public sealed class UpstreamFaultTests(SharedRig shared, HastyRig hasty)
    : IClassFixture<SharedRig>, IClassFixture<HastyRig>
{
    private static int _models;
    private GatewayRig _rig = shared.Rig;

    public static TheoryData<string, bool, string> Failures
    {
        get
        {
            var data = new TheoryData<string, bool, string>();
            foreach (var dialect in (ReadOnlySpan<string>)["chat", "responses", "messages", "gemini"])
            {
                foreach (var stream in (ReadOnlySpan<bool>)[false, true])
                {
                    foreach (var failure in (ReadOnlySpan<string>)[
                        "refused", "silent", "closed", "reset", "garbage", "html", "redirect", "empty", "comments",
                        "error200", "500", "503", "401", "402", "403", "429", "quota", "cut head",
                    ])
                    {
                        data.Add(dialect, stream, failure);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Failure_before_content_is_an_error_in_the_dialect_and_the_hold_goes_back(
        string dialect, bool stream, string failure)
    {
        _rig = RigFor(failure);
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptOf(failure, stream);
        if (failure == "refused")
        {
            upstream.Refuse();
        }

        var caller = await _rig.AddCallerAsync();
        using var response = await caller.PostAsync(
            Dialects.Path(dialect, stream, model), Dialects.Body(dialect, stream).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        var (status, type) = ExpectedOf(dialect, failure);
        var message = await Dialects.AssertErrorAsync(dialect, response, status, type);
        Assert.DoesNotContain("sk-upstream", message, StringComparison.Ordinal);
        Assert.Equal(failure == "429" ? "7" : response.Header("retry-after"), response.Header("retry-after"));
        var record = await _rig.RecordOfAsync(response.RequestId());
        var isEmpty = stream && (failure is "empty" or "comments" or "html");
        Assert.Equal(isEmpty ? Outcome.Empty : Outcome.UpstreamErrorBeforeContent, record.Outcome);
        Assert.Equal(Usd.Zero, record.Cost);
        Assert.Equal(status, record.Status);
        Assert.All(record.Attempts, attempt => Assert.NotEqual(AttemptFault.None, attempt.Fault));
        Assert.Equal(failure == "refused" ? 2 : 1, record.Attempts.Count);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance, _rig.Plane.BalanceOf(caller.Account));
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("messages")]
    public async Task Refused_request_comes_back_in_the_upstreams_words_without_its_secrets(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        const string Words = """{"error":{"type":"invalid_request_error","message":"Bad 'temperature' for org-ABCDEF123456, key sk-upstream-secret-0123456789 at HOST."},"type":"error"}""";
        var host = new Uri(upstream.Url).Authority;
        upstream.Enqueue(ScriptedUpstreamScript.Answer(400, Words.Replace("HOST", host, StringComparison.Ordinal), headers: "set-cookie: a=b"));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            Dialects.Path(dialect), Dialects.Body(dialect).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("Bad 'temperature'", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ABCDEF123456", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-0123456789", text, StringComparison.Ordinal);
        Assert.DoesNotContain(host, text, StringComparison.Ordinal);
        Assert.Null(response.Header("set-cookie"));
        Assert.Null(response.Header("x-tokenhub-cost"));
        Assert.Single(upstream.Requests);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [InlineData("chat", "cut")]
    [InlineData("chat", "reset")]
    [InlineData("chat", "silent")]
    [InlineData("chat", "half event")]
    [InlineData("chat", "clean end")]
    [InlineData("responses", "cut")]
    [InlineData("responses", "clean end")]
    [InlineData("messages", "cut")]
    [InlineData("messages", "reset")]
    [InlineData("messages", "silent")]
    [InlineData("messages", "half event")]
    [InlineData("messages", "clean end")]
    [InlineData("gemini", "cut")]
    [InlineData("gemini", "half event")]
    public async Task Break_after_content_ends_as_the_dialects_error_and_never_cleanly(string dialect, string failure)
    {
        _rig = RigFor(failure);
        var (model, upstream) = await AddAsync(dialect);
        var whole = Dialects.Answer(dialect, stream: true);
        var at = whole.IndexOf("lo!", StringComparison.Ordinal);
        var part = failure == "half event" ? whole[..(at + 1)] : whole[..EventStart(whole, at)];
        var start = ScriptedUpstreamScript.StreamHead().Chunk(part);
        upstream.Enqueue(failure switch
        {
            "reset" => start.Pause(TimeSpan.FromMilliseconds(50)).Reset(),
            "silent" => start.Hang(),
            "clean end" => start.EndChunks(),
            _ => start.Close(),
        });
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            Dialects.Path(dialect, true, model), Dialects.Body(dialect, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));
        var (seen, endedCleanly) = await ReadToEndAsync(response);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.StartsWith(Seen(dialect, part), seen, StringComparison.Ordinal);
        Assert.False(endedCleanly);
        var rest = seen[Seen(dialect, part).Length..];
        Assert.Contains("\"error\"", rest, StringComparison.Ordinal);
        Assert.Equal(dialect is "messages" or "responses", rest.Contains("event: error\n", StringComparison.Ordinal));
        Assert.DoesNotContain("[DONE]", rest, StringComparison.Ordinal);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.UpstreamErrorAfterContent, record.Outcome);
        Assert.True(record.IsCounted);
        Assert.InRange(record.Usage.Output, 1, 4);
        Assert.True(record.Cost > Usd.Zero);
        Assert.Equal(
            failure == "silent" ? AttemptFault.IdleTimeout : AttemptFault.CutMidStream, Assert.Single(record.Attempts).Fault);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [InlineData("chat", """data: {"error":{"message":"overloaded org-ABCDEF123456","type":"server_error"}}""" + "\n\n")]
    [InlineData("messages", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"org-ABCDEF123456\"}}\n\n")]
    public async Task Error_event_of_the_upstream_passes_masked_and_what_was_served_is_charged(string dialect, string error)
    {
        var (model, upstream) = await AddAsync(dialect);
        var whole = Dialects.Answer(dialect, stream: true);
        var part = whole[..EventStart(whole, whole.IndexOf("lo!", StringComparison.Ordinal))];
        upstream.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(part).Pause(TimeSpan.FromMilliseconds(20)).Chunk(error).EndChunks());
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            Dialects.Path(dialect, true, model), Dialects.Body(dialect, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));
        var (seen, _) = await ReadToEndAsync(response);

        Assert.EndsWith(error.Replace("ABCDEF123456", "************", StringComparison.Ordinal), seen, StringComparison.Ordinal);
        Assert.Equal(Outcome.UpstreamErrorAfterContent, (await _rig.RecordOfAsync(response.RequestId())).Outcome);
    }

    [Theory]
    [InlineData("chat", true, "500")]
    [InlineData("chat", true, "empty")]
    [InlineData("chat", true, "comments")]
    [InlineData("chat", true, "error200")]
    [InlineData("chat", false, "429")]
    [InlineData("chat", false, "401")]
    [InlineData("messages", true, "silent")]
    [InlineData("messages", true, "reset")]
    [InlineData("messages", false, "garbage")]
    [InlineData("responses", true, "refused")]
    [InlineData("gemini", true, "error200")]
    public async Task Failure_before_content_moves_to_the_other_channel_and_the_client_sees_nothing_of_it(
        string dialect, bool stream, string failure)
    {
        _rig = RigFor(failure);
        var (model, bad) = await AddAsync(dialect, channel => channel with { Priority = 9 });
        var good = await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]);
        bad.Default = _ => ScriptOf(failure, stream);
        if (failure == "refused")
        {
            bad.Refuse();
        }

        var answer = Dialects.Answer(dialect, stream);
        good.Default = _ => stream ? ScriptedUpstreamScript.Stream(answer) : ScriptedUpstreamScript.Answer(200, answer);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            Dialects.Path(dialect, stream, model), Dialects.Body(dialect, stream).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        Assert.Equal(Seen(dialect, answer), await response.Content.ReadAsStringAsync());
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(new TokenUsage { Input = 11, Output = 7 }, record.Usage);
        Assert.Equal(2, record.Attempts.Count);
        Assert.Equal(record.Channel, record.Attempts[1].Channel);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Refused_request_is_not_tried_elsewhere()
    {
        var (model, first) = await AddAsync("chat", channel => channel with { Priority = 9 });
        var second = await _rig.AddUpstreamAsync(Provider.OpenAi, [model]);
        first.Default = _ => ScriptedUpstreamScript.Answer(422, """{"error":{"message":"no"}}""");
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        Assert.Equal(422, (int)response.StatusCode);
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task Two_failed_channels_tell_the_client_not_to_multiply_tries()
    {
        var (model, first) = await AddAsync("chat");
        var second = await _rig.AddUpstreamAsync(Provider.OpenAi, [model]);
        first.Default = second.Default = _ => ScriptedUpstreamScript.Answer(500, "oops", "text/plain");
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        await Dialects.AssertErrorAsync("chat", response, 502, "server_error");
        Assert.Equal("false", response.Header("x-should-retry"));
        Assert.Single(first.Requests);
        Assert.Single(second.Requests);
    }

    [Theory]
    [InlineData("/v1/messages/count_tokens", "messages", """{"input_tokens":42}""")]
    [InlineData("/v1beta/models/{m}:countTokens", "gemini", """{"totalTokens":42}""")]
    public async Task Counting_of_tokens_passes_and_costs_nothing(string path, string dialect, string answer)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, answer);
        var caller = await _rig.AddCallerAsync("0");

        using var response = await caller.PostAsync(
            path.Replace("{m}", model, StringComparison.Ordinal), Dialects.Body(dialect).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

        Assert.Equal(answer, await response.Content.ReadAsStringAsync());
        Assert.Null(response.Header("x-tokenhub-cost"));
        Assert.Empty(_rig.Plane.RecordsOf(caller.Account));
        Assert.Null(await _rig.Plane.ReadTillAsync(caller.Account));
    }

    private GatewayRig RigFor(string failure) => failure == "silent" ? hasty.Rig : _rig;

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(
        string dialect, Func<ChannelEntry, ChannelEntry>? change = null)
    {
        var model = $"fault-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model], change));
    }

    private static ScriptedUpstreamScript ScriptOf(string failure, bool stream) => failure switch
    {
        "silent" => ScriptedUpstreamScript.Silence(),
        "closed" => ScriptedUpstreamScript.Empty.Close(),
        "reset" => ScriptedUpstreamScript.Empty.Reset(),
        "garbage" => ScriptedUpstreamScript.Empty.Send("\0\u0001garbage\r\n\r\n").Close(),
        "html" => ScriptedUpstreamScript.Answer(200, "<html>Welcome</html>", "text/html"),
        "redirect" => ScriptedUpstreamScript.Answer(302, "", "text/plain", "location: http://169.254.169.254/"),
        "empty" => stream ? ScriptedUpstreamScript.Stream([]) : ScriptedUpstreamScript.Answer(200, ""),
        "comments" => stream ? ScriptedUpstreamScript.Stream(": keep-alive\n\n: keep-alive\n\n") : ScriptedUpstreamScript.Answer(200, "\n\n\n"),
        "error200" => ScriptedUpstreamScript.Answer(200, """{"error":{"message":"boom","type":"server_error","code":500,"status":"INTERNAL"}}"""),
        "429" => ScriptedUpstreamScript.Answer(429, """{"error":{"message":"slow down"}}""", headers: "retry-after: 7"),
        "quota" => ScriptedUpstreamScript.Answer(429, """{"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}}"""),
        "cut head" => ScriptedUpstreamScript.Empty.Send("HTTP/1.1 200 OK\r\ncontent-ty").Close(),
        _ => ScriptedUpstreamScript.Answer(
            int.Parse(failure, System.Globalization.CultureInfo.InvariantCulture), """{"error":{"message":"key sk-upstream-secret-0123456789"}}"""),
    };

    private static (int Status, string Type) ExpectedOf(string dialect, string failure) => failure switch
    {
        "silent" => (504, Dialects.Word(dialect, "server_error", "timeout_error", "DEADLINE_EXCEEDED")),
        "503" => (dialect == "messages" ? 529 : 503, Dialects.Unavailable(dialect)),
        "401" or "402" or "403" or "quota" => (503, Dialects.Unavailable(dialect)),
        "429" => (429, Dialects.Word(dialect, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED")),
        _ => (502, Dialects.BadGateway(dialect)),
    };

    // What a client sees of a stream: a Chat stream loses the usage that was asked for on its behalf, and half an
    // event.
    private static string Seen(string dialect, string stream) => dialect != "chat" ? stream
        : stream[..(stream.LastIndexOf("\n\n", StringComparison.Ordinal) is >= 0 and var end && stream.StartsWith("data:", StringComparison.Ordinal) ? end + 2 : stream.Length)]
            .Replace(Wire.ChatUsage(11, 7), "", StringComparison.Ordinal);

    private static int EventStart(string stream, int inside) =>
        Math.Max(
            stream.LastIndexOf("\n\n", inside, StringComparison.Ordinal) + 2,
            stream.LastIndexOf("\r\n\r\n", inside, StringComparison.Ordinal) + 4);

    private static async Task<(string Text, bool EndedCleanly)> ReadToEndAsync(HttpResponseMessage response)
    {
        var text = new MemoryStream();
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync();
            await stream.CopyToAsync(text).WaitAsync(TimeSpan.FromSeconds(10));
            return (Encoding.UTF8.GetString(text.ToArray()), true);
        }
        catch (IOException)
        {
            return (Encoding.UTF8.GetString(text.ToArray()), false);
        }
    }
}
