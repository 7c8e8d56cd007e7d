using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>
/// F23 and F24: upstreams that break the framing, and upstreams that send garbage. The client sees the dialect's error
/// or a whole answer, and nothing is charged beyond what was served. (Memory: see SlowReaderTests.)
/// </summary>
[Trait("needs", "redis")]
public sealed class BrokenUpstreamTests(SharedRig shared, HastyRig hasty)
    : IClassFixture<SharedRig>, IClassFixture<HastyRig>
{
    private const int Words = 20;
    private static readonly string[] AllDialects = ["chat", "responses", "messages", "gemini"];
    private static int _models;
    private GatewayRig _rig = shared.Rig;

    public static TheoryData<string, string, Outcome> Framing => Table(
        ("half close", Outcome.UpstreamErrorAfterContent), ("reset", Outcome.UpstreamErrorAfterContent),
        ("chunk size of letters", Outcome.UpstreamErrorAfterContent), ("chunk size too large", Outcome.UpstreamErrorAfterContent),
        ("negative chunk", Outcome.UpstreamErrorAfterContent), ("no line end after chunk", Outcome.UpstreamErrorAfterContent),
        ("length too long", Outcome.UpstreamErrorAfterContent), ("length too short", Outcome.UpstreamErrorAfterContent),
        ("no end mark", Outcome.UpstreamErrorAfterContent), ("truncated gzip", Outcome.Empty),
        ("no usage", Outcome.Completed), ("trailers and extensions", Outcome.Completed));

    public static TheoryData<string, string, Outcome> Garbage => Table(
        ("binary at once", Outcome.Empty), ("binary after content", Outcome.UpstreamErrorAfterContent),
        ("line of 10 MB", Outcome.Completed), ("line of 17 MB", Outcome.UpstreamErrorAfterContent),
        ("many tiny events", Outcome.Completed), ("endless comments at once", Outcome.UpstreamErrorBeforeContent),
        ("comments in between", Outcome.Completed), ("invalid UTF-8", Outcome.Completed),
        ("huge header", Outcome.UpstreamErrorBeforeContent), ("interim flood", Outcome.UpstreamErrorBeforeContent),
        ("a byte at a time", Outcome.UpstreamErrorBeforeContent), ("deep nesting", Outcome.Completed),
        ("nulls in between", Outcome.Completed), ("garbage behind the end", Outcome.Completed),
        ("no JSON", Outcome.Completed), ("many headers", Outcome.Completed));

    [Theory]
    [MemberData(nameof(Framing))]
    public Task Broken_framing_is_an_error_of_the_dialect_and_charged_by_the_own_count(
        string dialect, string fault, Outcome outcome) => TryAsync(dialect, fault, outcome);

    [Theory]
    [MemberData(nameof(Garbage))]
    public Task Garbage_is_borne_and_charged_within_what_was_served(string dialect, string fault, Outcome outcome) =>
        TryAsync(dialect, fault, outcome);

    private async Task TryAsync(string dialect, string fault, Outcome outcome)
    {
        _rig = fault == "a byte at a time" ? hasty.Rig : _rig;
        var (model, upstream) = await AddAsync(dialect);
        var script = ScriptOf(dialect, fault);
        upstream.Default = _ => script;
        var caller = await _rig.AddCallerAsync("100000");

        using var response = await caller.PostAsync(Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        var (seen, endedCleanly) = await ReadToEndAsync(response);

        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.True(outcome == record.Outcome, $"{record.Outcome} {seen[..Math.Min(seen.Length, 800)]}");
        var served = upstream.Requests.Count > 0 ? Scripts.ServedTokens(dialect, upstream.Requests[0]) : 0;
        var row = Assert.Single(record.Attempts);
        
        // An event that is too long is counted as far as it was read.
        Assert.InRange(row.Usage.Output, 0, fault == "line of 17 MB" ? 5 << 20 : Math.Max(served, Words));
        Assert.Equal(outcome, row.Outcome);
        Assert.Equal(outcome.IsCharged(), record.Cost > Usd.Zero);
        if (outcome == Outcome.UpstreamErrorAfterContent)
        {
            Assert.True(record.IsCounted);

            // What is merely too long to be read passes as it came.
            var isBroken = fault != "line of 17 MB";
            Assert.Equal(isBroken, seen[^Math.Min(seen.Length, 2000)..].Contains("\"error\"", StringComparison.Ordinal));
            Assert.Equal(!isBroken, endedCleanly);
        }
        else if (outcome != Outcome.Completed)
        {
            Assert.InRange((int)response.StatusCode, 502, 504);
        }

        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    private static ScriptedUpstreamScript ScriptOf(string dialect, string fault)
    {
        var (part, whole) = (Scripts.Words(dialect, Words), Scripts.Words(dialect, Words, ends: true));
        var (end, begun) = (whole[part.Length..], ScriptedUpstreamScript.StreamHead().Chunk(part));
        var later = begun.Pause(TimeSpan.FromMilliseconds(60));
        return fault switch
        {
            "half close" => begun.Close(),
            "reset" => begun.Pause(TimeSpan.FromMilliseconds(60)).Reset(),
            "chunk size of letters" => later.Send("zz\r\nhello\r\n").Hang(),
            "chunk size too large" => later.Send("fffffffffffffffff\r\nhello\r\n").Hang(),
            "negative chunk" => later.Send("-5\r\nhello\r\n").Hang(),
            "no line end after chunk" => later.Send("5\r\nhelloworld\r\n").Hang(),
            "length too long" => Plain(part.Length + 99).Send(part).Close(),
            "length too short" => Plain(part.Length).Send(whole).Close(),
            "no end mark" => begun.EndChunks(),
            "truncated gzip" => ScriptedUpstreamScript.StreamHead("content-encoding: gzip")
                .Chunk([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75, 76]).EndChunks(),
            "no usage" => begun.Chunk(WithoutUsage(end)).EndChunks(),
            "trailers and extensions" => begun.Send($"{end.Length:x};a=b\r\n{end}\r\n0\r\nx-trailer: 1\r\n\r\n"),
            "binary at once" => ScriptedUpstreamScript.StreamHead().Chunk(Binary()).EndChunks(),
            "binary after content" => begun.Chunk(Binary()).EndChunks(),
            "line of 10 MB" => begun.Chunk(Scripts.Text(dialect, new string('a', 10 << 20))).Chunk(WithoutUsage(end)).EndChunks(),
            "line of 17 MB" => begun.Chunk(Scripts.Text(dialect, new string('a', 17 << 20))).Chunk(end).EndChunks(),
            "many tiny events" => begun.Chunk(Repeat("data: {}\n\n", 100_000)).Chunk(end).EndChunks(),
            "endless comments at once" => ScriptedUpstreamScript.StreamHead().Chunk(Repeat(": nothing\n\n", 300_000)).Hang(),
            "comments in between" => begun.Chunk(Repeat(": nothing\n\n", 30_000)).Chunk(end).EndChunks(),
            "invalid UTF-8" => begun.Chunk([.. Scripts.Text(dialect, "|").Bytes().SelectMany(b => b == '|' ? [0xc3, 0x28, 0xff] : new[] { b })])
                .Chunk(end).EndChunks(),
            "huge header" => ScriptedUpstreamScript.StreamHead("x-huge: " + new string('h', 200_000)).Chunk(whole).EndChunks(),
            "interim flood" => ScriptedUpstreamScript.Empty.Send(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early\r\n\r\n", 1000))).Hang(),
            "a byte at a time" => whole.Bytes().Take(60).Aggregate(ScriptedUpstreamScript.StreamHead(), (s, b) =>
                s.Chunk([b]).Pause(TimeSpan.FromMilliseconds(25))).Hang(),
            "deep nesting" => begun.Chunk("data: " + new string('[', 5000) + "\n\n").Chunk(end).EndChunks(),
            "nulls in between" => begun.Chunk(new byte[5000]).Chunk("\n\n").Chunk(end).EndChunks(),
            "garbage behind the end" => begun.Chunk(end).Chunk("data: {\"oops\n\nrubbish\n\n").EndChunks(),
            "no JSON" => begun.Chunk("data: hello there\n\ndata: {]\n\n").Chunk(end).EndChunks(),
            _ => ScriptedUpstreamScript.StreamHead([.. Enumerable.Range(0, 80).Select(i => $"x-{i}: {i}")]).Chunk(whole).EndChunks(),
        };
    }

    private static ScriptedUpstreamScript Plain(int length) =>
        ScriptedUpstreamScript.Head(200, "content-type: text/event-stream", $"content-length: {length}");

    private static byte[] Binary() => [.. Enumerable.Range(0, 60_000).Select(i => (byte)((i * 131) % 251))];

    private static byte[] Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times)).Bytes();

    // The end mark, and not a word about tokens.
    private static string WithoutUsage(string end) => end
        .Replace(Wire.ChatUsage(11, Words), "", StringComparison.Ordinal)
        .Replace("\"usage\"", "\"other\"", StringComparison.Ordinal)
        .Replace("\"usageMetadata\"", "\"other\"", StringComparison.Ordinal);

    private static TheoryData<string, string, Outcome> Table(params (string Fault, Outcome Outcome)[] rows)
    {
        var data = new TheoryData<string, string, Outcome>();
        foreach (var (fault, outcome) in rows)
        {
            foreach (var dialect in AllDialects)
            {
                data.Add(dialect, fault, outcome);
            }
        }

        return data;
    }

    private static async Task<(string Text, bool EndedCleanly)> ReadToEndAsync(HttpResponseMessage response)
    {
        var text = new MemoryStream();
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync();
            await stream.CopyToAsync(text).WaitAsync(TimeSpan.FromSeconds(20));
            return (Encoding.UTF8.GetString(text.ToArray()), true);
        }
        catch (IOException)
        {
            return (Encoding.UTF8.GetString(text.ToArray()), false);
        }
    }

    private static string BodyOf(string dialect, string model) => Dialects.Body(dialect, true)
        .Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal)
        .Replace("\"max_tokens\":100", "\"max_tokens\":6400000", StringComparison.Ordinal);

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(string dialect)
    {
        var model = $"broken-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]));
    }
}
