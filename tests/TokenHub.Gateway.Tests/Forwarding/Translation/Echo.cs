using System.Text.Json.Nodes;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>
/// Puts what is opaque in an answer back into the client's next request, as the client's own library does.
/// </summary>
internal static class Echo
{
    public static void PutBack(string client, JsonNode request, string answer)
    {
        var events = answer.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => JsonNode.Parse(line[6..])!).ToList();
        switch (client)
        {
            case "responses":
                var input = request["input"]!.AsArray();
                var call = input.First(item => (string?)item!["type"] == "function_call");
                foreach (var item in events.Where(e => (string?)e["type"] == "response.output_item.done").Select(e => e["item"]!)
                    .Where(item => (string?)item["type"] == "reasoning"))
                {
                    input.Insert(input.IndexOf(call), item.DeepClone());
                }

                break;
            case "messages":
                PutBlocks(request, events);
                break;
            case "gemini":
                var model = request["contents"]!.AsArray().First(c => (string?)c!["role"] == "model")!;
                model["parts"] = new JsonArray([
                    .. events.SelectMany(e => e["candidates"]?[0]?["content"]?["parts"]?.AsArray() ?? []).Select(part => part!.DeepClone())]);
                break;
        }
    }

    private static void PutBlocks(JsonNode request, List<JsonNode> events)
    {
        var content = request["messages"]!.AsArray().First(m => (string?)m!["role"] == "assistant")!["content"]!.AsArray();
        var at = 0;
        foreach (var start in events.Where(e => (string?)e["type"] == "content_block_start"))
        {
            var block = start["content_block"]!.DeepClone();
            if ((string?)block["type"] is not ("thinking" or "redacted_thinking"))
            {
                continue;
            }

            foreach (var delta in events.Where(e => (string?)e["type"] == "content_block_delta" && (int)e["index"]! == (int)start["index"]!)
                .Select(e => e["delta"]!))
            {
                foreach (var name in (string[])["thinking", "signature"])
                {
                    block[name] = (string?)delta[name] is { } more ? (string?)block[name] + more : block[name]?.DeepClone();
                }
            }

            content.Insert(at++, block);
        }
    }
}
