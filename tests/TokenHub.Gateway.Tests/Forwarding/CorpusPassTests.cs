using System.Text;
using TokenHub.Gateway.Tests.Forwarding.Translation;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>
/// Between a dialect and itself everything passes byte for byte: every request and answer of the corpus of crossings,
/// streamed and in one piece.
/// </summary>
[Trait("needs", "redis")]
public sealed class CorpusPassTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static readonly string Corpus =
        Path.Combine(Repository.Root, "tests", "TokenHub.Protocols.Tests", "Crossings");

    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [InlineData("chat", "Chat")]
    [InlineData("responses", "Responses")]
    [InlineData("messages", "Anthropic")]
    [InlineData("gemini", "Gemini")]
    public async Task Request_and_answer_pass_as_they_are(string dialect, string folder)
    {
        var (model, server) = await _rig.AddAsync(dialect);
        var caller = await _rig.AddCallerAsync("1000");
        var answers = Directory.GetFiles(Path.Combine(Corpus, "Upstreams", folder))
            .Where(file => !Path.GetFileName(file).StartsWith("error-before", StringComparison.Ordinal)).ToList();
        Assert.True(answers.Count >= 25, $"{answers.Count} answers");
        foreach (var file in answers)
        {
            var isStream = file.EndsWith(".sse", StringComparison.Ordinal);
            var (answer, body) = (await File.ReadAllBytesAsync(file), RequestOf(file, folder, model, isStream));
            var before = server.Requests.Count;
            server.Enqueue(isStream ? ScriptedUpstreamScript.Stream(answer, 97) : ScriptedUpstreamScript.Answer(200, Encoding.UTF8.GetString(answer)));

            using var response = await caller.PostAsync(Dialects.Path(dialect, isStream, model), body);
            var (text, _) = await CrossingWorld.ReadAsync(response);

            Assert.True(response.IsSuccessStatusCode, $"{file}: {text}");
            Assert.Equal(Encoding.UTF8.GetString(answer), text);
            Assert.Equal(before + 1, server.Requests.Count);
            Assert.True(body == server.Requests[before].BodyText, file);
            Assert.Null(response.Header("x-tokenhub-dropped"));
        }
    }

    // The request of the same scenario, for the model; thoughts of other issuers do not pass, so it has none of them.
    private static string RequestOf(string answer, string folder, string model, bool isStream)
    {
        var name = Path.GetFileNameWithoutExtension(answer);
        var file = Path.Combine(Corpus, "Clients", folder, $"{name}.json");
        var body = File.Exists(file) ? File.ReadAllText(file) : File.ReadAllText(Path.Combine(Corpus, "Clients", folder, "text.json"));
        if (body.Contains("\"th1.", StringComparison.Ordinal))
        {
            body = File.ReadAllText(Path.Combine(Corpus, "Clients", folder, "text.json"));
        }

        body = body.Replace("\"hub-large\"", $"\"{model}\"", StringComparison.Ordinal)
            .Replace(",\"stream_options\":{\"include_usage\":false}", "", StringComparison.Ordinal)
            .Replace(",\"stream_options\":{\"include_usage\":true}", "", StringComparison.Ordinal);
        var asked = folder == "Chat" ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "\"stream\":true";
        return body.Replace("\"stream\":true", isStream ? asked : "\"stream\":false", StringComparison.Ordinal);
    }
}
