using System.Text;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.Gateway.Auth;

/// <summary>Follows notices of change in Redis. Whenever one may have been missed, every key is forgotten.</summary>
internal static class KeyNotices
{
    public static void Follow(RedisSubscriber subscriber, KeyTable keys) => subscriber.Subscribe(
        PlaneMessages.ChangeChannel, message => Read(message, keys), keys.ForgetAll);

    private static void Read(ReadOnlySpan<byte> message, KeyTable keys)
    {
        if (message.SequenceEqual("keys"u8))
        {
            keys.ForgetAll();
        }
        else if (message.StartsWith("key:"u8)
            && HubKeyHash.TryParse(Encoding.ASCII.GetString(message["key:"u8.Length..]), out var hash))
        {
            keys.Forget(hash);
        }
    }
}
