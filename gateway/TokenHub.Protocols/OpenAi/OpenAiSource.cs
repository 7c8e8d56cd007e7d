using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// A source of a text: its members are the same in Chat, in an object of their own, and in Responses.
/// </summary>
internal ref struct OpenAiSource
{
    public JsonSlice Type;
    public JsonSlice Url;
    private JsonSlice _title;
    private JsonSlice _from;
    private JsonSlice _to;

    public void Read(JsonSlice source)
    {
        for (var walk = new JsonWalk(source); walk.NextMember();)
        {
            if (walk.NameIs("url"u8))
            {
                Url = walk.Value();
            }
            else if (walk.NameIs("title"u8))
            {
                _title = walk.Value();
            }
            else if (walk.NameIs("start_index"u8))
            {
                _from = walk.Value();
            }
            else if (walk.NameIs("end_index"u8))
            {
                _to = walk.Value();
            }
            else if (walk.NameIs("type"u8))
            {
                Type = walk.Value();
            }
        }
    }

    public readonly ChatEvent ToEvent(int choice)
    {
        var (from, to) = (_from.NumberOr(0), _to.NumberOr(0));
        var isPlace = from >= 0 && to > from;
        return new ChatEvent(ChatEventKind.Citation)
        {
            Choice = choice, Id = Url.Text, Name = _title.Text, From = isPlace ? from : 0, To = isPlace ? to : 0,
        };
    }

    /// <summary>Writes the members, without braces.</summary>
    public static void Write(IBufferWriter<byte> output, in ChatEvent e)
    {
        output.Write("\"start_index\":"u8);
        output.WriteNumber(e.From);
        output.Write(",\"end_index\":"u8);
        output.WriteNumber(e.To);
        output.Write(",\"url\":\""u8);
        output.Write(e.Id);
        output.Write("\",\"title\":\""u8);
        output.Write(e.Name);
        output.Write("\""u8);
    }
}
