using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Gemini.Requests;

namespace TokenHub.Protocols.Gemini;

/// <summary>
/// Writes a request of Gemini generateContent; the model and whether it is a stream stand in its path.
/// </summary>
internal sealed class GeminiRequestWriter : IRequestWriter
{
    public bool TakesUrl(MediaPart part, UpstreamModel model) =>
        IsFilm(part.Url) || (GeminiModels.Of(model.Name).IsThird && !model.IsCompatible);

    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped)
    {
        var facts = GeminiModels.Of(model.Name);
        request.ReportNames(dropped);
        using var json = RequestJson.NewWriter(body);
        var contents = new ContentWriter(json, request, model, facts, dropped);
        var config = new ConfigWriter(json, request, model, facts, dropped);
        var rules = new DialogueRules(facts.TakesSystem, false, contents.Keeps);
        var dialogue = Dialogue.Of(request, rules);
        config.Prepare(dialogue, rules);

        json.WriteStartObject();
        contents.Write(dialogue);
        config.WriteTools();
        config.WriteGeneration();
        config.WriteRest();
        json.WriteEndObject();
    }

    // Google takes its own films by their address in every generation.
    private static bool IsFilm(string? url) => url is not null
        && (url.StartsWith("https://www.youtube.com/", StringComparison.Ordinal)
            || url.StartsWith("https://youtu.be/", StringComparison.Ordinal));
}
