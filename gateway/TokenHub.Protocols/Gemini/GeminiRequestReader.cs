using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Gemini.Requests;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini;

/// <summary>Reads a request of Gemini generateContent, whose members may be in camel or snake case.</summary>
internal sealed class GeminiRequestReader : IRequestReader
{
    public ChatRequest Read(ReadOnlyMemory<byte> body, string model, bool isStream)
    {
        var document = RequestMembers.Parse(body);
        var request = new ChatRequest(document) { Dialect = Dialect.Gemini, Model = model, Stream = isStream };
        try
        {
            ReadRoot(request, document.RootElement, new PartReader(body, request));
            return request;
        }
        catch (UntranslatableException)
        {
            request.Dispose();
            throw;
        }
    }

    private static void ReadRoot(ChatRequest request, JsonElement root, PartReader parts)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new UntranslatableException("The body must be an object.");
        }

        if (root.Either("systemInstruction") is { } system)
        {
            parts.ReadSystem(system);
        }

        foreach (var member in root.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null)
            {
                ReadMember(request, GeminiJson.Camel(member.Name), member.Value);
            }
        }

        parts.ReadContents(root.Get("contents"));
    }

    private static void ReadMember(ChatRequest request, string name, JsonElement value)
    {
        switch (name)
        {
            case "contents" or "systemInstruction" or "model":
                break;
            case "tools":
                ConfigReader.ReadTools(request, value);
                break;
            case "toolConfig":
                ConfigReader.ReadToolConfig(request, value);
                break;
            case "generationConfig":
                ConfigReader.ReadGeneration(request, value);
                break;
            case "serviceTier":
                request.ServiceTier = TierOf(((JsonElement?)value).AsText());
                break;
            case "cachedContent":
                throw new UntranslatableException(
                    "Cached content is known to its own provider alone.", "cachedContent");
            default:
                request.Others[name] = value;
                break;
        }
    }

    private static string? TierOf(string? tier) =>
        tier?.ToLowerInvariant().Replace("service_tier_", "", StringComparison.Ordinal) switch
        {
            null or "unspecified" => null,
            "standard" => "default",
            var other => other,
        };
}
