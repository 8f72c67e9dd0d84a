"""Run by the Python that has Spark: answer the questions of a JSON file about the tables in a folder, as JSON."""

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

tables, questions = sys.argv[1:]
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
for name in ("executions", "items", "blobs"):
    spark.read.format("delta").load(f"{tables}/{name}").createOrReplaceTempView(f"all_{name}")
asked = json.loads(Path(questions).read_text("utf-8"))
for view in asked["views"]:
    spark.sql(view)
answers = [[list(row) for row in spark.sql(question).collect()] for question in asked["questions"]]
print("ANSWERS " + json.dumps(answers, default=str))
spark.stop()
