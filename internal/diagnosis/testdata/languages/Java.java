import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads a body in base64 on each line and writes, for each and every setting, what Java
 * makes of it: the setting, the body's number and the text in base64.
 */
public class Java {
    interface Writer { String write(String raw) throws Exception; }

    public static void main(String[] args) throws Exception {
        ObjectMapper jackson = new ObjectMapper();
        ObjectMapper decimals = JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();
        Gson gson = new Gson();
        Map<String, Writer> settings = new LinkedHashMap<>();
        settings.put("Jackson, Map", raw -> jackson.writeValueAsString(jackson.readValue(raw, Map.class)));
        settings.put("Jackson, JsonNode", raw -> jackson.writeValueAsString(jackson.readTree(raw)));
        settings.put("Jackson, JsonNode, BigDecimal", raw -> decimals.writeValueAsString(decimals.readTree(raw)));
        settings.put("Jackson, pretty", raw -> jackson.writerWithDefaultPrettyPrinter().writeValueAsString(jackson.readValue(raw, Map.class)));
        settings.put("Jackson, HashMap", raw -> jackson.writeValueAsString(new HashMap<>(jackson.readValue(raw, Map.class))));
        settings.put("Jackson, sorted", raw -> JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build()
            .writeValueAsString(jackson.readValue(raw, Map.class)));
        settings.put("Jackson, ESCAPE_NON_ASCII", raw -> JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build()
            .writeValueAsString(jackson.readValue(raw, Map.class)));
        ObjectMapper lean = new ObjectMapper();
        lean.setDefaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL));
        settings.put("Jackson, NON_NULL", raw -> lean.writeValueAsString(lean.readValue(raw, Map.class)));
        settings.put("Gson, Map", raw -> gson.toJson(gson.fromJson(raw, Map.class)));
        settings.put("Gson, JsonElement", raw -> gson.toJson(JsonParser.parseString(raw)));
        settings.put("Gson, serializeNulls", raw -> new GsonBuilder().serializeNulls().create().toJson(gson.fromJson(raw, Map.class)));
        settings.put("Gson, pretty", raw -> new GsonBuilder().setPrettyPrinting().create().toJson(gson.fromJson(raw, Map.class)));
        settings.put("Map.toString", raw -> jackson.readValue(raw, Map.class).toString());

        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        int i = 0;
        for (String line; (line = in.readLine()) != null; i++) {
            String raw = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            for (Map.Entry<String, Writer> s : settings.entrySet()) {
                byte[] out = s.getValue().write(raw).getBytes(StandardCharsets.UTF_8);
                System.out.println(s.getKey() + "\t" + i + "\t" + Base64.getEncoder().encodeToString(out));
            }
        }
    }
}
