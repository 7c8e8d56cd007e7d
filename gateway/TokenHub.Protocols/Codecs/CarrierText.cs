using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs;

/// <summary>What a client is given of an upstream's opaque item.</summary>
internal static class CarrierText
{
    /// <summary>
    /// The inside of the JSON string for the slot of a client's dialect: the item as it came where the upstream speaks
    /// the same, else its carrier.
    /// </summary>
    public static byte[] Of(in ChatEvent e, AnswerContext context, Dialect client)
    {
        if (context.Upstream == client)
        {
            return e.Text.ToArray();
        }

        var id = e.Id.IsEmpty ? null : Decode(e.Id);
        var item = new OpaqueItem(
            context.Upstream, ModelFamily.Of(context.UpstreamModel), e.Opaque, Decode(e.Text), id);
        return Encoding.ASCII.GetBytes(OpaqueCarrier.Write(item));
    }

    private static string Decode(ReadOnlySpan<byte> escaped)
    {
        var text = new ArrayBufferWriter<byte>(escaped.Length + 1);
        JsonRaw.Unescape(escaped, text);
        return text.ToText();
    }
}
