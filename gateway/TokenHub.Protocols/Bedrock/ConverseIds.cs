using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Protocols.Bedrock;

/// <summary>Ids of calls as Converse takes them; always the same one for the same id.</summary>
internal static class ConverseIds
{
    private const int CharsMax = 64;
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <param name="exactly">How many letters and digits it must have; 0 for up to 64 of a few more signs.</param>
    public static string Fit(string id, int exactly)
    {
        if (exactly > 0)
        {
            return id.Length == exactly && id.All(char.IsAsciiLetterOrDigit) ? id : Hash(id, exactly);
        }

        return id.Length is > 0 and <= CharsMax && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? id
            : "call_" + Hash(id, 32);
    }

    private static string Hash(string id, int chars) => string.Concat(
        SHA256.HashData(Encoding.UTF8.GetBytes(id)).Take(chars).Select(b => Letters[b % Letters.Length]));
}
