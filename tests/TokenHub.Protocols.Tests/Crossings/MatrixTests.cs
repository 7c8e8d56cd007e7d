using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Tests.Crossings;

/// <summary>
/// The corpus is whole: each of the sixteen pairs has every scenario, streamed and in one piece, or a reason why not.
/// Between a dialect and itself the bytes pass as they are, so what goes in is what is expected.
/// </summary>
public sealed class MatrixTests
{
    private const string Request = "request";
    private const string Stream = "stream";
    private const string Body = "body";

    private static readonly string[] Scenarios =
    [
        "text", "parallel-tools", "images", "reasoning", "structured", "refusal", "length", "cache", "choices",
        "several", "logprobs", "citations", "error-mid",
    ];

    private static readonly string[] Errors = ["error-before.400", "error-before.429", "error-before.context.400"];

    public static TheoryData<Dialect, Dialect> Pairs
    {
        get
        {
            var data = new TheoryData<Dialect, Dialect>();
            foreach (var client in CrossingCorpus.Dialects)
            {
                foreach (var upstream in CrossingCorpus.Dialects)
                {
                    data.Add(client, upstream);
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Pairs))]
    public void Pair_has_every_scenario_in_every_mode(Dialect client, Dialect upstream)
    {
        var missing = new List<string>();
        foreach (var scenario in Scenarios)
        {
            foreach (var mode in new[] { Request, Stream, Body })
            {
                // A reason for something that is there is as wrong as none for what is not.
                if (Has(client, upstream, scenario, mode) != (Reason(client, upstream, scenario, mode) is null))
                {
                    missing.Add($"{scenario} {mode}");
                }
            }
        }

        missing.AddRange(Errors.Where(error => client == upstream
            ? !CrossingCorpus.Has("Upstreams", upstream, $"{error}.json")
            : !CrossingCorpus.HasPair(client, upstream, error, "client-error.json")
                || !CrossingCorpus.HasPair(client, upstream, error, "status.txt")));
        Assert.Empty(missing);
    }

    [Theory, MemberData(nameof(Pairs))]
    public void Nothing_is_expected_that_no_test_looks_at(Dialect client, Dialect upstream)
    {
        foreach (var (scenario, file) in CrossingCorpus.PairFiles(client, upstream))
        {
            Assert.True(file switch
            {
                "client.sse" => CrossingCorpus.Answers(client, upstream, ".sse").Contains(scenario),
                "client.json" => CrossingCorpus.Answers(client, upstream, ".json").Contains(scenario),
                "client-error.json" or "status.txt" =>
                    CrossingCorpus.Errors(upstream).Any(error => error.Scenario == scenario),
                "dropped.txt" or "upstream-request.json" =>
                    CrossingCorpus.Has("Clients", client, $"{scenario}.json")
                    && !CrossingCorpus.HasPair(client, upstream, scenario, "refusal.txt"),
                "refusal.txt" => CrossingCorpus.Has("Clients", client, $"{scenario}.json"),
                _ => false,
            }, $"{client}-{upstream}/{scenario}/{file}");
        }
    }

    private static bool Has(Dialect client, Dialect upstream, string scenario, string mode)
    {
        var answer = mode == Stream ? ".sse" : ".json";
        if (client == upstream)
        {
            return mode == Request ? CrossingCorpus.Has("Clients", client, $"{scenario}.json")
                : CrossingCorpus.Answers(client, upstream, answer).Contains(scenario);
        }

        return mode == Request
            ? CrossingCorpus.HasPair(client, upstream, scenario, "upstream-request.json")
                || CrossingCorpus.HasPair(client, upstream, scenario, "refusal.txt")
            : CrossingCorpus.HasPair(client, upstream, scenario, $"client{answer}");
    }

    // Null where there has to be a file.
    private static string? Reason(Dialect client, Dialect upstream, string scenario, string mode) => scenario switch
    {
        "error-mid" when mode == Body => "An answer in one piece has no middle.",
        "error-mid" or "citations" when mode == Request => "Nobody asks for it: it comes with any request.",
        "several" when mode != Request && client is Dialect.Responses or Dialect.Anthropic =>
            "The client's protocol cannot ask for several answers.",
        "several" when mode != Request && upstream is Dialect.Responses or Dialect.Anthropic =>
            "The upstream's protocol gives one answer: the request is refused.",
        "logprobs" when mode == Request && client == Dialect.Anthropic => "The client's protocol cannot ask for them.",
        "logprobs" when mode != Request && upstream == Dialect.Anthropic =>
            "The upstream's protocol has none: the request is refused.",
        _ => null,
    };
}
