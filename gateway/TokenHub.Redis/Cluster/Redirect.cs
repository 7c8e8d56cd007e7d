using System.Text;

namespace TokenHub.Redis.Cluster;

/// <summary>What <c>MOVED slot host:port</c> and <c>ASK slot host:port</c> say.</summary>
internal readonly record struct Redirect(bool IsAsk, int Slot, RedisEndpoint Target)
{
    /// <param name="fromEndpoint">Who said it: an absent host means the same one.</param>
    public static bool TryParse(ReadOnlySpan<byte> error, string fromEndpoint, out Redirect redirect)
    {
        redirect = default;
        var words = Encoding.ASCII.GetString(error).Split(' ');
        if (words.Length < 3 || words[0] is not ("MOVED" or "ASK")
            || !int.TryParse(words[1], out var slot) || slot is < 0 or >= HashSlot.Count
            || !RedisEndpoint.TryParse(words[2], out var target))
        {
            return false;
        }

        if (target.Host is "" or "?" && RedisEndpoint.TryParse(fromEndpoint, out var from))
        {
            target = target with { Host = from.Host };
        }

        redirect = new Redirect(words[0] == "ASK", slot, target);
        return true;
    }
}
