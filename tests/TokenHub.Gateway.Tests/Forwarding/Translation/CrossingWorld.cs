using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>Clients of one dialect before upstreams of another.</summary>
internal static class CrossingWorld
{
    private static int _models;

    /// <summary>All twelve: the client's dialect, the upstream's.</summary>
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            string[] dialects = ["chat", "responses", "messages", "gemini"];
            foreach (var client in dialects)
            {
                foreach (var upstream in dialects.Where(one => one != client))
                {
                    pairs.Add(client, upstream);
                }
            }

            return pairs;
        }
    }

    /// <summary>An upstream that speaks one dialect alone.</summary>
    public static async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(
        this GatewayRig rig, string dialect, string? model = null, Func<ChannelEntry, ChannelEntry>? change = null)
    {
        model ??= $"crossing-{Interlocked.Increment(ref _models)}";
        ApiStyle[] apis = dialect switch
        {
            "chat" => [ApiStyle.Chat],
            "responses" => [ApiStyle.Responses],
            _ => [],
        };
        var upstream = await rig.AddUpstreamAsync(
            Dialects.Provider(dialect), [model], entry => (change ?? (c => c))(entry with { Apis = apis }));
        return (model, upstream);
    }

    /// <summary>The smallest request; a Chat stream asks for its usage.</summary>
    public static Task<HttpResponseMessage> CallAsync(
        GatewayRig.Caller caller, string dialect, string model, bool stream, params string[] headers)
    {
        var body = Dialects.Body(dialect, stream).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
        if (dialect == "chat" && stream)
        {
            body = body.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal);
        }

        return caller.PostAsync(Dialects.Path(dialect, stream, model), body, headers);
    }

    public static string PathOf(string dialect, string model, bool stream) => Dialects.Path(dialect, stream, model);

    /// <summary>The answer's bytes as far as they came, and whether the connection ended as it should.</summary>
    public static async Task<(string Text, bool IsClean)> ReadAsync(HttpResponseMessage response)
    {
        var bytes = new MemoryStream();
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            await body.CopyToAsync(bytes);
            return (System.Text.Encoding.UTF8.GetString(bytes.ToArray()), true);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return (System.Text.Encoding.UTF8.GetString(bytes.ToArray()), false);
        }
    }
}
